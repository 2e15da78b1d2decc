import Backup
import Base
package import Contract
import HTTP
import REST
package import Reactor
import Service
import Store
import Synchronization
package import Telemetry

/// A running service: the composition root that puts store, engine, REST and server together.
package final class Runtime: Sendable {
  private let assembly: Assembly
  private let servers: [(server: HTTPServer, exposure: Exposure)]
  private let edition: Mutex<Edition>
  private let manager: ServiceManager
  private let signals: AsyncStream<Int32>
  private let hangUps: AsyncStream<Void>
  package var logger: Logger { assembly.logger }
  /// Where the API answers, with the ports it got.
  package let addresses: [ListenAddress]
  package let operationsAddress: ListenAddress?
  /// What was done to the schema for the contract that is served now, in words.
  package var schemaChanges: [String] { edition.withLock { $0.schemaChanges } }

  /// Opens the store, brings its schema to what the contract wants, and listens.
  package static func start(_ contract: Contract, folder: String, settings: ServeSettings) async throws(StartError) -> Runtime {
    let logger = Logger.standardError(level: settings.logLevel, format: settings.logFormat)
    let group: EventLoopGroup
    do throws(ReactorError) {
      group = try EventLoopGroup(count: max(1, min(256, settings.threads)))
    } catch {
      throw StartError(.refused, "the event loops cannot be started: \(error)")
    }
    let memory = MemoryBudget(limit: settings.memoryLimit)
    let shipping = contract.backup.map { ShippingOptions($0, service: contract.service.name, logger: logger) }
    let store = try await StoreOpening.open(
      contract.store, group: group, threads: settings.threads, memory: memory, shipping: shipping, logger: logger)
    let assembly = Assembly(
      settings: settings, folder: folder, group: group, store: store, isBackedUp: shipping != nil, memory: memory, logger: logger)
    do throws(StartError) {
      return try await Runtime(contract, assembly)
    } catch {
      await store.close()
      throw error
    }
  }

  private init(_ contract: Contract, _ assembly: Assembly) async throws(StartError) {
    self.assembly = assembly
    let settings = assembly.settings
    manager = settings.manager
    let edition = try await assembly.edition(of: contract)
    self.edition = Mutex(edition)
    // Without a port of its own, /metrics is shown where only this machine can ask.
    let isLocal = settings.listeners.allSatisfy(\.isLocal)
    let exposure: Exposure = settings.operations == nil && isLocal ? .all : .api
    // Before the first request can come: who has had an answer may end the service in order.
    let (signals, ending) = AsyncStream<Int32>.makeStream(bufferingPolicy: .bufferingOldest(4))
    let (hangUps, renewing) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    (self.signals, self.hangUps) = (signals, hangUps)
    assembly.group.onSignal([ProcessSignal.terminate, ProcessSignal.interrupt]) { ending.yield($0) }
    assembly.group.onSignal([ProcessSignal.hangUp]) { _ in renewing.yield() }
    let api = assembly.server(settings.listeners, assembly.handler(of: edition, exposure))
    do throws(ReactorError) {
      addresses = try await api.start()
      if let address = settings.operations {
        let operations = assembly.server([address], assembly.handler(of: edition, .operations))
        operationsAddress = try await operations.start().first
        servers = [(api, exposure), (operations, .operations)]
      } else {
        operationsAddress = nil
        servers = [(api, exposure)]
      }
    } catch {
      await api.drain(limit: .zero)
      throw StartError(.refused, "cannot listen: \(error)")
    }
  }

  /// Serves another contract from now on: requests in flight end with the one that they began with, and no connection is closed.
  /// Of a contract that cannot be served nothing happens, and the one before goes on.
  ///
  /// - Throws: what `start` throws; and where the contract changes what is fixed until a restart.
  package func reload(_ contract: Contract) async throws(StartError) {
    guard contract.store == edition.withLock({ $0.contract.store }) else {
      throw StartError(.refused, "store: another store, pool or timeout needs a restart")
    }
    guard contract.backup == edition.withLock({ $0.contract.backup }) else {
      throw StartError(.refused, "backup: another folder or schedule needs a restart")
    }
    let next = try await assembly.edition(of: contract)
    for (server, exposure) in servers { server.replace(handler: assembly.handler(of: next, exposure)) }
    edition.withLock { $0 = next }
  }

  /// Serves until SIGTERM or SIGINT, then drains: readiness goes red, nothing new is taken, what is in flight ends within
  /// the limit. A second signal ends at once.
  ///
  /// - Parameter onHangUp: called after each SIGHUP, once for those that come while it runs.
  package func run(onHangUp: @escaping @Sendable () async -> Void) async {
    let renewal = Task { [manager, assembly, hangUps] in
      for await _ in hangUps {
        manager.tell(.reloading, monotonicNanoseconds: assembly.clock.monotonicNanoseconds)
        await onHangUp()
        manager.tell(.ready, monotonicNanoseconds: assembly.clock.monotonicNanoseconds)
      }
    }
    let upkeep = Task {
      await Upkeep(metrics: assembly.metrics, logger: logger, clock: assembly.clock).run { self.edition.withLock { $0.engine } }
    }
    let parting = Task { await assembly.parts.run { self.edition.withLock { $0.contract } } }
    let ebbing = Task { [memory = assembly.memory] in
      var ebb = MemoryEbb()
      while (try? await Task.sleep(for: .milliseconds(500))) != nil {
        if ebb.isDue(held: memory.held) { EventLoopGroup.returnFreeMemory() }
      }
    }
    manager.tell(.ready, monotonicNanoseconds: assembly.clock.monotonicNanoseconds)
    var iterator = signals.makeAsyncIterator()
    let signal = await iterator.next()
    manager.tell(.stopping, monotonicNanoseconds: assembly.clock.monotonicNanoseconds)
    logger.notice("draining", [LogField("signal", .integer(Int64(signal ?? 0)))])
    assembly.health.beginDraining()
    renewal.cancel()
    upkeep.cancel()
    parting.cancel()
    ebbing.cancel()
    let impatient = Task { [logger, signals] in
      var iterator = signals.makeAsyncIterator()
      if await iterator.next() != nil {
        logger.warning("ended by a second signal")
        logger.close(timeoutMilliseconds: 200)
        ProcessSignal.exitNow(1)
      }
    }
    await stop()
    impatient.cancel()
  }

  /// Drains, closes the store and ends the loops.
  package func stop() async {
    assembly.health.beginDraining()
    for (server, _) in servers { await server.drain(limit: assembly.settings.drainLimit) }
    await assembly.store.close()
    logger.notice("stopped")
    logger.close()
    assembly.group.stop()
    // A loop that still runs while the process ends meets a library that has been taken down.
    assembly.group.join()
  }
}

extension ListenAddress {
  /// Only this machine reaches it.
  var isLocal: Bool {
    switch self {
    case .unix: true
    // Whoever made it knows who reaches it.
    case .inherited: false
    case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
  }
}
