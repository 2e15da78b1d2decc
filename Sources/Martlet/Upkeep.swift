import Base
import Service
import Store
import Telemetry

/// Work that nobody waits for: it drops kept answers that are out of date and records that are older than they are kept, a few at a
/// time, and rests longer than it works.
struct Upkeep: Sendable {
  let metrics: ServiceMetrics
  let logger: Logger
  let clock: any Clock

  /// Between two rounds.
  static let interval = Duration.seconds(60)
  /// From a sweep that found records which others keep to the next one.
  static let keptInterval: UInt64 = 3_600 * 1_000_000_000
  /// After a step, at least; and so many times as long as the step took.
  static let restMin = Duration.milliseconds(20)
  static let restFactor: UInt64 = 4
  /// The same where so many steps one after the other had all that a step may have: more records come than go.
  static let hurriedRestMin = Duration.milliseconds(5)
  static let hurriedRestFactor: UInt64 = 1
  static let hurriesAfter = 250
  /// A round ends, and the next begins, so that no contract is served longer by it than it is by requests.
  static let stepsMax = 10_000

  /// Until the task is cancelled.
  func run(_ engine: @escaping @Sendable () -> Engine) async {
    var sweepsAt: UInt64 = 0
    while await clock.sleep(for: Upkeep.interval) {
      await round(engine(), sweepsAt: &sweepsAt)
    }
  }

  private func round(_ engine: Engine, sweepsAt: inout UInt64) async {
    do {
      for _ in 0..<Upkeep.stepsMax {
        guard try await rested({ () async throws in try await engine.expireAnswers() }) else { break }
      }
      guard clock.monotonicNanoseconds >= sweepsAt else { return }
      // Who keeps a record now will hardly have let go of it in a minute.
      if try await retain(engine) { sweepsAt = clock.monotonicNanoseconds &+ Upkeep.keptInterval }
    } catch {
      // The service drains, and its store closes.
      guard !Task.isCancelled else { return }
      // What it is the store's own figures and log say; the next round tries again.
      logger.warning("upkeep", [LogField("detail", .cause("\(error)"))])
    }
  }

  /// - Returns: whether old records stayed because others keep them.
  private func retain(_ engine: Engine) async throws -> Bool {
    var sweep = RetentionSweep()
    var sums: [String: (deleted: Int, kept: Int)] = [:]
    defer {
      for (resource, sum) in sums.sorted(by: { $0.key < $1.key }) where sum.deleted + sum.kept > 0 {
        logger.notice(
          "retention",
          [
            LogField("resource", .name(resource)), LogField("deleted", .integer(Int64(sum.deleted))),
            LogField("kept", .integer(Int64(sum.kept))),
          ])
      }
    }
    var fullSteps = 0
    for _ in 0..<Upkeep.stepsMax {
      let before = sweep
      let (step, next) = try await rested(isHurried: fullSteps >= Upkeep.hurriesAfter) { () async throws in
        var sweep = before
        return (try await engine.retain(&sweep), sweep)
      }
      guard let step, !step.isTaken else { break }
      sweep = next
      fullSteps = step.deleted == Engine.retainedAtOnce ? fullSteps + 1 : 0
      sums[step.resource, default: (0, 0)].deleted += step.deleted
      sums[step.resource, default: (0, 0)].kept += step.kept
      count("deleted", "Records deleted because they were older than they are kept.", step.resource, step.deleted)
      count("kept", "Times that an old record stayed because others refer to it.", step.resource, step.kept)
    }
    return sums.values.contains { $0.kept > 0 }
  }

  private func count(_ name: String, _ help: String, _ resource: String, _ count: Int) {
    metrics.registry.counter("martlet_retention_\(name)_total", help: help, labels: [("resource", resource)]).add(count)
  }

  /// Takes a step, then rests.
  private func rested<Outcome: Sendable>(isHurried: Bool = false, _ step: () async throws -> Outcome) async throws -> Outcome {
    let start = clock.monotonicNanoseconds
    let outcome = try await step()
    let rest = Upkeep.rest(after: clock.monotonicNanoseconds &- start, isHurried: isHurried)
    guard await clock.sleep(for: rest) else { throw CancellationError() }
    return outcome
  }

  static func rest(after nanoseconds: UInt64, isHurried: Bool) -> Duration {
    let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: isHurried ? hurriedRestFactor : restFactor)
    return max(isHurried ? hurriedRestMin : restMin, .nanoseconds(overflow ? .max : Int64(clamping: product)))
  }
}
