import Base
package import Contract
import HTTP
import Identity
import REST
package import Reactor
import Service
import Store
package import Telemetry

/// A running service: the composition root that puts store, engine, REST and server together.
package final class Runtime: Sendable {
  private let settings: ServeSettings
  private let group: EventLoopGroup
  private let store: any Store
  private let servers: [HTTPServer]
  private let health: HealthMonitor
  private let engine: Engine
  package let logger: Logger
  /// Where the API answers, with the ports it got.
  package let addresses: [ListenAddress]
  package let operationsAddress: ListenAddress?
  /// What was done to the schema at the start, in words.
  package let schemaChanges: [String]

  /// Opens the store, brings its schema to what the contract wants, and listens.
  package static func start(_ contract: Contract, folder: String, settings: ServeSettings) async throws(StartError) -> Runtime {
    let logger = Logger.standardError(level: settings.logLevel, format: settings.logFormat)
    let group: EventLoopGroup
    do throws(ReactorError) {
      group = try EventLoopGroup(count: max(1, min(256, settings.threads)))
    } catch {
      throw StartError(.refused, "the event loops cannot be started: \(error)")
    }
    let store = try await StoreOpening.open(contract.store, group: group, threads: settings.threads)
    do throws(StartError) {
      return try await Runtime(contract, folder: folder, settings: settings, group: group, store: store, logger: logger)
    } catch {
      await store.close()
      throw error
    }
  }

  private init(
    _ contract: Contract, folder: String, settings: ServeSettings, group: EventLoopGroup, store: any Store, logger: Logger
  ) async throws(StartError) {
    self.settings = settings
    self.group = group
    self.store = store
    self.logger = logger
    let clock = SystemClock()
    if let finding = ContractReview(contract, dialect: store.dialect).errors.first {
      throw StartError(.refused, "\(finding.code) \(finding.message)")
    }
    do throws(SchemaError) {
      schemaChanges = try await SchemaManager(clock: clock).prepare(store, contract)
    } catch {
      throw StartError(error.cause == nil ? .refused : .unreachable, error.description)
    }
    let engine: Engine
    do throws(KeyFileError) {
      let key = try ServiceKey.load(settings.signingKey ?? .folder(settings.dataFolder))
      let verifier = try TokenVerifier(
        contract.identity, roles: contract.roles, service: contract.service.name, key: key, folder: folder, now: clock.now
      ) { sentence in logger.warning("token keys", [LogField("detail", .cause(sentence))]) }
      engine = Engine(contract: contract, layout: Layout(contract), store: store, key: key, verifier: verifier)
    } catch {
      throw StartError(.refused, "the signing key cannot be used: \(error)")
    }
    self.engine = engine
    let health = HealthMonitor(store: store, clock: clock)
    self.health = health
    let metrics = ServiceMetrics()
    let figures = Figures(metrics: metrics, store: store, group: group)
    func server(_ listeners: [ListenAddress], _ exposure: Exposure) -> HTTPServer {
      var options = RESTOptions()
      options.exposure = exposure
      options.publicOrigin = settings.publicOrigin
      options.showsTiming = settings.showsTiming
      if exposure != .operations { options.crossOrigin = settings.crossOrigin }
      let handler = RESTHandler(
        contract: contract, operations: engine, health: health, options: options, clock: clock, metrics: metrics,
        figures: { figures.text() },
        log: { entry in
          if entry.status == 503 { metrics.overloads.add() }
          logger.request(entry)
        })
      var configuration = HTTPServerConfiguration()
      configuration.renderRefusal = { handler.refusal($0) }
      let server = HTTPServer(group: group, listeners: listeners, configuration: configuration, handler: handler)
      figures.add(server)
      return server
    }
    // Without a port of its own, /metrics is shown where only this machine can ask.
    let isLocal = settings.listeners.allSatisfy(\.isLocal)
    let api = server(settings.listeners, settings.operations == nil && isLocal ? .all : .api)
    do throws(ReactorError) {
      addresses = try await api.start()
      if let address = settings.operations {
        let operations = server([address], .operations)
        operationsAddress = try await operations.start().first
        servers = [api, operations]
      } else {
        operationsAddress = nil
        servers = [api]
      }
    } catch {
      await api.drain(limit: .zero)
      throw StartError(.refused, "cannot listen: \(error)")
    }
  }

  /// Serves until SIGTERM or SIGINT, then drains: readiness goes red, nothing new is taken, what is in flight ends within
  /// the limit. A second signal ends at once.
  package func run() async {
    let (signals, continuation) = AsyncStream<Int32>.makeStream(bufferingPolicy: .bufferingOldest(4))
    group.onSignal([ProcessSignal.terminate, ProcessSignal.interrupt]) { continuation.yield($0) }
    let upkeep = Task { [engine] in
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(60))
        await engine.expireAnswers()
      }
    }
    var iterator = signals.makeAsyncIterator()
    let signal = await iterator.next()
    logger.notice("draining", [LogField("signal", .integer(Int64(signal ?? 0)))])
    health.beginDraining()
    upkeep.cancel()
    let impatient = Task { [logger] in
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
    health.beginDraining()
    for server in servers { await server.drain(limit: settings.drainLimit) }
    await store.close()
    logger.notice("stopped")
    logger.close()
    group.stop()
    // A loop that still runs while the process ends meets a library that has been taken down.
    group.join()
  }
}

extension ListenAddress {
  /// Only this machine reaches it.
  var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
  }
}
