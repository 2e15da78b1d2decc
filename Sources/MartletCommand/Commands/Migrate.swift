import Base
import Contract
import JSON
import Martlet
import Reactor
import Store

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

let migrateCommand = Command(
  name: "migrate", operands: "plan|apply|down|status", operandCount: 1...1,
  summary: "Brings the database to what the contract wants, in steps that keep nobody waiting.",
  flags: [
    .contract, Flag("format", "FORMAT", "text or json (default text)"),
    Flag("allow-data-loss", nil, "apply: also drops what the contract has no more; down: also what came since"),
  ], run: migrate)

private func migrate(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let format = invocation["format"] ?? "text"
  guard format == "text" || format == "json" else { throw CommandFailure(.usage, "--format must be text or json") }
  let report = MigrationReport(isJSON: format == "json")
  let contract = try invocation.contract()
  let files = try MigrationFiles.read(beside: invocation.contractFolder)
  switch invocation.operands[0] {
  case "plan": return try await plan(contract, files, report)
  case "status": return try await status(contract, files, report)
  case "apply": return try await apply(contract, files, report, allowsLoss: invocation.has("allow-data-loss"))
  case "down": return try await down(contract, report, allowsLoss: invocation.has("allow-data-loss"))
  default: throw CommandFailure(.usage, "migrate knows plan, apply, down and status; see martlet migrate --help")
  }
}

private func plan(
  _ contract: Contract, _ files: [SchemaFile], _ report: MigrationReport
) async throws(CommandFailure) -> ExitCode {
  let (dialect, look, _) = try await looked(contract, files, steps: 0)
  report.show(look, dialect)
  let losesData = look.plan.removals.count + look.plan.changes.count { $0.safety == .losesData }
  return losesData == 0 && look.obstacles(.applying(allowsLoss: true), dialect).isEmpty ? .done : .failed
}

private func status(
  _ contract: Contract, _ files: [SchemaFile], _ report: MigrationReport
) async throws(CommandFailure) -> ExitCode {
  let (dialect, look, steps) = try await looked(contract, files, steps: MigrationReport.stepsShown)
  report.show(steps, look, dialect)
  return look.isFitting(dialect) ? .done : .failed
}

private func apply(
  _ contract: Contract, _ files: [SchemaFile], _ report: MigrationReport, allowsLoss: Bool
) async throws(CommandFailure) -> ExitCode {
  try await changing(contract) { store throws(SchemaError) in
    let done = try await SchemaManager().apply(
      store, contract, .applying(allowsLoss: allowsLoss), actor: actor(), files: files,
      drifted: { Output.words("not as Martlet left it, as somebody else changed it: \($0.joined(separator: ", "))") },
      report: { report.took($0) })
    report.end(done, left: try await SchemaManager().look(store, contract).plan.removals)
  }
}

private func down(_ contract: Contract, _ report: MigrationReport, allowsLoss: Bool) async throws(CommandFailure) -> ExitCode {
  try await changing(contract) { store throws(SchemaError) in
    let (done, left) = try await SchemaManager().down(store, contract, allowsLoss: allowsLoss, actor: actor()) { report.took($0) }
    report.tookBack(done, left: left)
  }
}

private func changing(_ contract: Contract, _ body: (any Store) async throws(SchemaError) -> Void) async throws(CommandFailure) -> ExitCode
{
  try await withStore(contract, isReadOnly: false) { store throws(CommandFailure) in
    do throws(SchemaError) {
      try await body(store)
      return .done
    } catch {
      throw CommandFailure(isOutOfReach(error) ? .unreachable : .failed, error.description)
    }
  }
}

/// What lies between the contract and its database, and the last steps that were taken.
private func looked(
  _ contract: Contract, _ files: [SchemaFile], steps: Int
) async throws(CommandFailure) -> (Dialect, SchemaLook, [AppliedStep]) {
  if let path = StoreOpening.path(ofSQLite: contract.store.url), FileStamp(of: path) == nil {
    return (.sqlite, SchemaLook(beginning: contract, .sqlite, files: files), [])
  }
  return try await withStore(contract, isReadOnly: true) { store throws(CommandFailure) in
    do throws(SchemaError) {
      let look = try await SchemaManager().look(store, contract, files: files)
      return (store.dialect, look, steps == 0 ? [] : try await SchemaManager().steps(of: store, look, limit: steps))
    } catch {
      throw CommandFailure(isOutOfReach(error) ? .unreachable : .failed, error.description)
    }
  }
}

private func isOutOfReach(_ error: SchemaError) -> Bool {
  error.cause.map { [.unavailable, .outcomeUnknown, .timeout].contains($0.code) } ?? false
}

private func withStore<T: Sendable>(
  _ contract: Contract, isReadOnly: Bool, _ body: (any Store) async throws(CommandFailure) -> T
) async throws(CommandFailure) -> T {
  let group: EventLoopGroup
  do { group = try EventLoopGroup(count: 1) } catch { throw CommandFailure(.failed, "\(error)") }
  defer { group.stop() }
  let store: any Store
  do throws(StartError) {
    store = try await StoreOpening.open(contract.store, group: group, threads: 1, isReadOnly: isReadOnly)
  } catch {
    throw CommandFailure(error.reason == .unreachable ? .unreachable : .failed, error.description)
  }
  let result: Result<T, CommandFailure>
  do throws(CommandFailure) { result = .success(try await body(store)) } catch { result = .failure(error) }
  await store.close()
  return try result.get()
}

/// Who runs the command, for the record: `ada@build-7`.
///
/// Safety: the buffer is as long as it says, and its last byte stays zero.
private func actor() -> String {
  var name = [CChar](repeating: 0, count: 256)
  let host =
    gethostname(&name, name.count - 1) == 0 ? String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
  return (Environment.value("USER") ?? Environment.value("LOGNAME") ?? "uid \(getuid())") + "@" + host
}
