import Base
import Contract
import HTTP
import Identity
import REST
import Reactor
import Service
import Store
import Telemetry

/// What a contract is served with, and what stays when another contract takes its place.
struct Assembly: Sendable {
  let settings: ServeSettings
  /// Where the contract's relative paths start.
  let folder: String
  let group: EventLoopGroup
  let store: any Store
  let memory: MemoryBudget
  let logger: Logger
  let clock = SystemClock()
  let health: HealthMonitor
  let metrics = ServiceMetrics()
  let figures: Figures
  let parts: PartWatch

  init(
    settings: ServeSettings, folder: String, group: EventLoopGroup, store: any Store, isBackedUp: Bool = false,
    memory: MemoryBudget, logger: Logger
  ) {
    self.settings = settings
    self.folder = folder
    self.group = group
    self.store = store
    self.memory = memory
    self.logger = logger
    parts = PartWatch(store: store, metrics: metrics, clock: clock, logger: logger)
    health = HealthMonitor(store: store, isBackedUp: isBackedUp, parts: parts, clock: clock, logger: logger)
    figures = Figures(metrics: metrics, store: store, group: group, memory: memory)
  }

  /// Brings the schema to what a contract wants, when everything else about it is known to be right, and makes what serves it.
  func edition(of contract: Contract) async throws(StartError) -> Edition {
    if let finding = ContractReview(contract, dialect: store.dialect).errors.first {
      throw StartError(.refused, "\(finding.code) \(finding.message)")
    }
    let engine: Engine
    let layout: Layout
    do throws(SchemaError) {
      layout = try await SchemaManager(clock: clock).layout(store, contract)
    } catch {
      throw StartError(.unreachable, error.description)
    }
    do throws(KeyFileError) {
      let key = try ServiceKey.load(settings.signingKey ?? .folder(settings.dataFolder))
      let verifier = try TokenVerifier(
        contract.identity, roles: contract.roles, service: contract.service.name, key: key, folder: folder, now: clock.now
      ) { [logger] sentence in logger.warning("token keys", [LogField("detail", .cause(sentence))]) }
      engine = Engine(contract: contract, layout: layout, store: store, key: key, verifier: verifier, memory: memory)
    } catch {
      throw StartError(.refused, "the signing key cannot be used: \(error)")
    }
    let changes: [String]
    do throws(SchemaError) {
      changes = try await SchemaManager(clock: clock).prepare(store, contract) { tables in
        logger.warning(
          "schema drift",
          [
            LogField(
              "detail",
              .cause(
                "\(tables.joined(separator: ", ")): not as Martlet left it; somebody else changed it, or a migration was broken off "
                  + "(martlet migrate status)"))
          ])
      }
    } catch {
      throw StartError(error.cause == nil ? .refused : .unreachable, error.description)
    }
    do throws(StatementRefusal) {
      try await engine.checkWrittenQueries()
    } catch {
      throw StartError(error.isUnreachable ? .unreachable : .refused, error.description)
    }
    return Edition(contract: contract, engine: engine, schemaChanges: changes)
  }

  func handler(of edition: Edition, _ exposure: Exposure) -> RESTHandler {
    var options = RESTOptions()
    options.exposure = exposure
    options.publicOrigin = settings.publicOrigin
    options.showsTiming = settings.showsTiming
    if exposure != .operations { options.crossOrigin = settings.crossOrigin }
    return RESTHandler(
      contract: edition.contract, operations: edition.engine, health: health, options: options, clock: clock, metrics: metrics,
      figures: { [figures] in figures.text() },
      log: { [metrics, logger] entry in
        if entry.status == 503 { metrics.overloads.add() }
        logger.request(entry)
      }, memory: memory)
  }

  func server(_ listeners: [ListenAddress], _ handler: RESTHandler) -> HTTPServer {
    var configuration = HTTPServerConfiguration()
    configuration.memory = memory
    let server = HTTPServer(group: group, listeners: listeners, configuration: configuration, handler: handler)
    figures.add(server)
    return server
  }
}

/// One contract at work.
struct Edition: Sendable {
  let contract: Contract
  let engine: Engine
  /// What was done to the schema for it, in words.
  let schemaChanges: [String]
}
