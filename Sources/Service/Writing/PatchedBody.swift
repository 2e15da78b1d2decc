import JSON

extension Engine {
  /// A JSON Patch (RFC 6902) as the merge patch that does the same to this record: it is applied to the record as the caller
  /// sees it, so that it can neither test nor copy what the caller may not read, and the members that differ are what is
  /// written.
  ///
  /// - Parameter shown: the places of the members that the caller sees.
  func mergePatch(of operation: Operation, _ record: Record, shown: [Int]) throws(Failure) -> [UInt8] {
    let document = try InputReader.document(operation.body)
    let patch: JSONPatch
    do {
      patch = try JSONPatch(document.root)
    } catch {
      throw refusal(of: error)
    }
    var text: [UInt8] = []
    RecordWriter.append(record, places: shown, to: &text)
    text.append(UInt8(ascii: "}"))
    guard let before = (try? JSONValue(parsing: text, exactly: true))?.objectValue else {
      throw Failure(.internal, "Something went wrong on our side; it is in the log under the request's id")
    }
    let result: JSONValue
    do {
      result = try patch.applied(to: .object(before))
    } catch {
      throw refusal(of: error)
    }
    guard case .object(let after) = result else {
      throw Failure.validation([.init(pointer: "", code: "type", detail: "the patched record must be a JSON object")])
    }
    var changes = JSONObject()
    for member in after.members where before[member.name]?.isSame(as: member.value) != true {
      changes.append(member.name, member.value)
    }
    for member in before.members where after.place(of: member.name) == nil { changes.append(member.name, .null) }
    return JSONValue.object(changes).bytes
  }

  private func refusal(of error: JSONPatch.Failure) -> Failure {
    switch error.reason {
    case .malformed, .tooLarge:
      return Failure.validation([.init(pointer: error.pointer, code: "patch", detail: error.message)])
    case .absent, .differs:
      return Failure(
        .conflict, "The patch does not fit the record as it is; nothing was changed",
        items: [.init(pointer: error.pointer, code: "patch", detail: error.message)])
    }
  }
}
