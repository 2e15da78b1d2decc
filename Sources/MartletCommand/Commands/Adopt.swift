import Base
import Bench
import Contract
import Martlet
import Reactor
import Store

let adoptCommand = Command(
  name: "adopt", operands: "URL", operandCount: 1...1,
  summary: "Writes a contract for a database that is there already: sqlite:PATH or postgres://...",
  flags: [
    Flag("output", "FILE", "where the contract goes (default standard output)", letter: "o"),
    Flag("service", "NAME", "the service's name (default: the database's)"),
  ], run: adopt)

private func adopt(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let url = invocation.operands[0]
  let text: String
  switch StoreOpening.dialect(of: url) {
  case .sqlite?:
    do throws(StoreError) {
      text = try await Adoption.contract(of: url, service: invocation["service"])
    } catch {
      throw CommandFailure(error.code == .invalidStatement ? .usage : .unreachable, "\(url) cannot be read: \(error.message)")
    }
  case .postgres?: text = try await adoptPostgres(url, service: invocation["service"])
  case nil: throw CommandFailure(.usage, "this version adopts sqlite:PATH and postgres://...")
  }
  guard let path = invocation["output"] else {
    Output.result(text)
    return .done
  }
  try OutputFile.write(text, to: path)
  Output.words("Wrote \(path). Every access rule is `nobody`: decide them, then run martlet check --contract \(path)")
  return .done
}

/// The URL is not repeated: it may hold a password.
private func adoptPostgres(_ url: String, service: String?) async throws(CommandFailure) -> String {
  let group: EventLoopGroup
  do {
    group = try EventLoopGroup(count: 1)
  } catch {
    throw CommandFailure(.failed, "\(error)")
  }
  defer { group.stop() }
  var settings = StoreSettings()
  settings.url = url
  settings.timeout = .seconds(60)
  let store: any Store
  do throws(StartError) {
    store = try await StoreOpening.open(settings, group: group, threads: 1, isReadOnly: true)
  } catch {
    throw CommandFailure(error.reason == .unreachable ? .unreachable : .usage, error.description)
  }
  do throws(StoreError) {
    let text = try await Adoption.contract(over: store, url: url, service: service)
    await store.close()
    return text
  } catch {
    await store.close()
    throw CommandFailure(.unreachable, "the database cannot be read: \(error.message)")
  }
}
