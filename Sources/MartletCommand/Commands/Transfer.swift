import Base
import Contract
import Identity
import JSON
import Martlet
import Service

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

private let callerFlags = [
  Flag("as", "ID", "whom the caller stands for (default: nobody, as a request without a token)"),
  Flag("role", "ROLE", "a role of the caller", mayRepeat: true),
]

let importCommand = Command(
  name: "import", operands: "RESOURCE FILE", operandCount: 2...2,
  summary: "Makes records of a file's lines (NDJSON) or of its comma-separated values, under the contract's rules.",
  flags: [.contract] + callerFlags + [
    Flag("form", "FORM", "ndjson or csv (default: by the file's name)"),
    Flag("key", "KEY", "names this import: run again under the same key it goes on where it ended (default: the file's own path)"),
    Flag("strict", nil, "ends at the first record that is refused"),
    Flag("lenient", nil, "passes over what the service keeps itself (id, created_at, ...), as an export has it"),
    Flag("format", "FORMAT", "text or json: how the outcome is told (default text)"), .signingKeyFile, .data,
  ], run: importRecords)

let exportCommand = Command(
  name: "export", operands: "RESOURCE", operandCount: 1...1,
  summary: "Writes the records that a caller may export as lines (NDJSON) or as comma-separated values.",
  flags: [.contract] + callerFlags + [
    Flag("output", "FILE", "a new file (default: standard output)", letter: "o"),
    Flag("form", "FORM", "ndjson or csv (default: by the file's name, else ndjson)"),
    Flag("filter", "EXPRESSION", "which records, as a list's filter"), Flag("fields", "NAMES", "which of their members: id,name"),
    Flag("deleted", "include", "deleted records too, for who may delete them"), .signingKeyFile, .data,
  ], run: exportRecords)

private func importRecords(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let contract = try invocation.contract()
  let resource = try resource(invocation.operands[0], of: contract)
  let path = invocation.operands[1]
  guard let form = try invocation.form(of: path) else {
    throw CommandFailure(.usage, "say what the file holds: --form ndjson or --form csv")
  }
  let format = invocation["format"] ?? "text"
  guard format == "text" || format == "json" else { throw CommandFailure(.usage, "--format must be text or json") }
  guard !(invocation.has("strict") && invocation.has("lenient")) else {
    throw CommandFailure(.usage, "--strict and --lenient are both given: which one is it?")
  }
  let size = try FileText(path) { _ in }.size
  let report = ProgressReport(bytesMax: size)
  let file = try FileText(path) { report.read($0) }
  try invocation.demandRoles(of: contract)
  let room = try await invocation.engineRoom(contract)
  do throws(Failure) {
    let caller = try await invocation.caller(room)
    var order = RecordImport(resource, form, caller: caller, context: room.context("POST"))
    if let key = invocation["key"] ?? file.identity.map({ "file:" + $0 }), caller.id != nil {
      order.idempotency = Idempotency(key: key, fingerprint: Array("import \(resource) \(form.rawValue)".utf8))
    }
    order.isStrict = invocation.has("strict")
    order.isLenient = invocation.has("lenient")
    order.onProgress = { counts in
      report.tell("\(counts.created) made\(counts.refused > 0 ? ", \(counts.refused) refused" : "")")
    }
    let answer = try await room.engine.perform(order, from: file)
    report.end()
    await room.close()
    return tell(answer, seconds: report.seconds, format: format)
  } catch {
    report.end()
    await room.close()
    throw failure(error)
  }
}

/// What came of an import.
private func tell(_ answer: Answer, seconds: String, format: String) -> ExitCode {
  let root = try? JSONDocument.parse(answer.body).root
  let refused = root?["refused"]?.int64 ?? 0
  if format == "json" {
    Output.result(answer.body + [UInt8(ascii: "\n")])
  } else {
    for refusal in root?["errors"].map({ Array($0.elements) }) ?? [] { Output.words(line(refusal)) }
    let created = root?["created"]?.int64 ?? 0
    let told = answer.isReplayed ? " (it was done already)" : " in \(seconds) s"
    Output.result("\(created) made, \(refused) refused\(told)\n")
  }
  return refused == 0 ? .done : .failed
}

/// `line 7: validation: 1 field is not valid: /sku must match ...`
private func line(_ refusal: JSONNode) -> String {
  var text = "line \(refusal["line"]?.int64 ?? 0): \(refusal["code"]?.stringValue ?? ""): \(refusal["detail"]?.stringValue ?? "")"
  for item in refusal["errors"].map({ Array($0.elements) }) ?? [] {
    text += "; \(item["pointer"]?.stringValue ?? "") \(item["detail"]?.stringValue ?? "")"
  }
  return text
}

private func failure(_ error: Failure) -> CommandFailure {
  var text = "\(error.code.rawValue): \(error.detail)"
  for item in error.items { text += "\n  \(item.pointer ?? item.parameter ?? "") \(item.detail)" }
  for member in error.members where ["line", "created", "refused"].contains(member.name) {
    text += "\n  \(member.name): \(String(decoding: member.json, as: UTF8.self))"
  }
  if let cause = error.cause { text += "\n  \(cause)" }
  return CommandFailure(error.code == .unavailable || error.code == .timeout ? .unreachable : .failed, text)
}

private func exportRecords(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let contract = try invocation.contract()
  let resource = try resource(invocation.operands[0], of: contract)
  let path = invocation["output"]
  let form = try invocation.form(of: path ?? "") ?? .ndjson
  try invocation.demandRoles(of: contract)
  let room = try await invocation.engineRoom(contract)
  let descriptor: Int32
  if let path {
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let reason = errno == EEXIST ? "\(path) is there already" : "\(path): \(String(cString: strerror(errno)))"
      await room.close()
      throw CommandFailure(.failed, reason)
    }
  } else {
    descriptor = 1
  }
  do throws(CommandFailure) {
    try await write(invocation, resource, form, room, to: descriptor)
    if path != nil, fsync(descriptor) != 0 || close(descriptor) != 0 {
      throw CommandFailure(.failed, "the file cannot be written: \(String(cString: strerror(errno)))")
    }
  } catch {
    // Half of an export looks like a whole one.
    if let path { unlink(path) }
    await room.close()
    throw error
  }
  await room.close()
  return .done
}

private func write(
  _ invocation: Invocation, _ resource: String, _ form: TransferForm, _ room: EngineRoom, to descriptor: Int32
) async throws(CommandFailure) {
  let report = ProgressReport(bytesMax: nil)
  var parameters = ListParameters()
  parameters.filter = invocation["filter"]
  parameters.fields = invocation["fields"]
  parameters.deleted = invocation["deleted"]
  do throws(Failure) {
    let caller = try await invocation.caller(room)
    var pages = try await room.engine.export(
      Operation(.list(parameters), resource: resource, caller: caller, context: room.context("GET")), as: form)
    var bytes = 0
    while let piece = try await pages.next() {
      guard SystemFile.write(piece.bytes, to: descriptor) else {
        throw Failure(.badRequest, "what is exported cannot be written: \(String(cString: strerror(errno)))")
      }
      bytes += piece.bytes.count
      report.tell("\(bytes >> 20) MiB")
    }
    report.end()
  } catch {
    report.end()
    throw failure(error)
  }
}

private func resource(_ name: String, of contract: Contract) throws(CommandFailure) -> String {
  if contract.resource(name) != nil { return name }
  let hint = Suggestion.question(name, in: contract.resources.map(\.name)).map { "; " + $0 } ?? ""
  throw CommandFailure(.usage, "the contract has no resource \"\(name)\"\(hint)")
}

extension Invocation {
  /// What `--form` says, or the end of a file's name; nil where neither does.
  fileprivate func form(of path: String) throws(CommandFailure) -> TransferForm? {
    if let text = self["form"] {
      guard let form = TransferForm(rawValue: text) else { throw CommandFailure(.usage, "--form must be ndjson or csv") }
      return form
    }
    if path.hasSuffix(".csv") { return .csv }
    return path.hasSuffix(".ndjson") || path.hasSuffix(".jsonl") ? .ndjson : nil
  }

  /// The contract at work on its store.
  fileprivate func engineRoom(_ contract: Contract) async throws(CommandFailure) -> EngineRoom {
    var settings = ServeSettings()
    settings.dataFolder = dataFolder
    settings.signingKey = try signingKey()
    do throws(StartError) {
      return try await EngineRoom.open(contract, folder: contractFolder, settings: settings)
    } catch {
      var text = error.description
      if error.reason == .unreachable, StoreOpening.path(ofSQLite: contract.store.url) != nil {
        text += "\nA service that is running has the file to itself: ask it instead (docs/rest.md, Many records at once)"
      }
      throw CommandFailure(error.reason == .unreachable ? .unreachable : .failed, text)
    }
  }

  fileprivate func caller(_ room: EngineRoom) async throws(Failure) -> Caller {
    guard let subject = self["as"] else { return .anonymous }
    return try await room.caller(subject, roles: all("role"))
  }
}
