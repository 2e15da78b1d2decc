import Base
package import Contract
package import Identity
import Reactor
package import Service
import Store
import Telemetry

/// A contract at work without a server: for commands that change or show what is stored under the rules of the contract.
package final class EngineRoom: Sendable {
  package let engine: Engine
  private let contract: Contract
  private let assembly: Assembly
  private let key: ServiceKey

  /// Opens the store and brings its schema to what the contract wants, as a service does.
  ///
  /// - Parameter settings: whose key callers are known by, and the bound of memory.
  package static func open(_ contract: Contract, folder: String, settings: ServeSettings) async throws(StartError) -> EngineRoom {
    let group: EventLoopGroup
    do throws(ReactorError) {
      group = try EventLoopGroup(count: 1)
    } catch {
      throw StartError(.refused, "the event loop cannot be started: \(error)")
    }
    let memory = MemoryBudget(limit: settings.memoryLimit)
    let store = try await StoreOpening.open(contract.store, group: group, threads: 1, memory: memory)
    let logger = Logger.standardError(level: .error, format: .text)
    let assembly = Assembly(settings: settings, folder: folder, group: group, store: store, memory: memory, logger: logger)
    do throws(StartError) {
      let edition = try await assembly.edition(of: contract)
      do {
        return EngineRoom(contract, assembly, edition.engine, try ServiceKey.load(settings.signingKey ?? .folder(settings.dataFolder)))
      } catch {
        throw StartError(.refused, "the signing key cannot be used: \(error)")
      }
    } catch {
      await store.close()
      throw error
    }
  }

  private init(_ contract: Contract, _ assembly: Assembly, _ engine: Engine, _ key: ServiceKey) {
    self.contract = contract
    self.assembly = assembly
    self.engine = engine
    self.key = key
  }

  /// Who a token of the service's own for that subject and those roles stands for; its row of `users` is made where there is none.
  package func caller(_ subject: String, roles: [String]) async throws(Failure) -> Caller {
    let token: String
    do {
      token = try TokenMinter(service: contract.service.name, key: key).mint(
        subject: subject, roles: roles, scopes: [], lifetime: .seconds(300), now: assembly.clock.now)
    } catch {
      throw Failure(.internal, "no token can be made: \(error)")
    }
    return try await engine.caller(authorization: "Bearer " + token)
  }

  package func context(_ method: String) -> RequestContext {
    RequestContext(requestID: "", ip: "", method: method, time: assembly.clock.now)
  }

  package func close() async {
    await assembly.store.close()
    assembly.logger.close()
    assembly.group.stop()
    assembly.group.join()
  }
}
