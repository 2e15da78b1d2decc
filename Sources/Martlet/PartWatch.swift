import Base
import Contract
import Service
import Store
import Synchronization
import Telemetry

/// Has the parts of tables made before they are needed and dropped when nothing of them is kept, and knows how it stands with them.
final class PartWatch: Sendable {
  private struct State {
    var parts: [PartState] = []
    /// Why the last round could not look.
    var failure: String?
  }
  private let store: any Store
  private let clock: any Clock
  private let logger: Logger
  private let state = Mutex(State())

  /// Between two rounds. Parts are made days ahead at least.
  static let interval = Duration.seconds(600)

  init(store: any Store, metrics: ServiceMetrics, clock: any Clock, logger: Logger) {
    self.store = store
    self.clock = clock
    self.logger = logger
    metrics.registry.collect(
      "martlet_partitions_ahead_seconds", help: "Time for which new records have a partition to go to.", labels: ["resource"]
    ) { [weak self] in
      guard let self else { return [] }
      let now = self.clock.now
      return self.state.withLock(\.parts).compactMap { part in
        part.end.map { end in
          MetricSample(labels: [part.resource], value: Double(max(0, end.microseconds - now.microseconds)) / 1_000_000)
        }
      }
    }
  }

  /// Whether every table has the parts that it should have; nil where none is in parts.
  var isWell: Bool? {
    state.withLock { state in
      if state.parts.isEmpty { return nil }
      return state.failure == nil && state.parts.allSatisfy { $0.trouble == nil }
    }
  }

  /// Until the task is cancelled.
  func run(_ contract: @escaping @Sendable () -> Contract) async {
    repeat { await round(contract()) } while await clock.sleep(for: PartWatch.interval)
  }

  func round(_ contract: Contract) async {
    do throws(StoreError) {
      let parts = try await PartKeeper(clock: clock).keep(store, contract) { [logger] done in
        logger.notice("partitions", [LogField("detail", .cause(done))])
      }
      state.withLock { $0 = State(parts: parts) }
      for part in parts {
        if let trouble = part.trouble {
          logger.warning("partitions", [LogField("resource", .name(part.resource)), LogField("detail", .cause(trouble))])
        }
      }
    } catch {
      // The service drains, and its store closes.
      guard !Task.isCancelled else { return }
      state.withLock { $0.failure = "\(error)" }
      logger.warning("partitions", [LogField("detail", .cause("\(error)"))])
    }
  }
}
