import Base
import JSON

/// What the operations of a batch came to so far, and what later ones say of it.
struct BatchResults {
  private(set) var body = Array("{\"results\":[".utf8)
  private var named: [String: JSONDocument] = [:]
  private var count = 0

  var bytes: Int { body.count }

  /// `{"status": 201, "location": "...", "etag": "...", "body": {...}}`
  mutating func append(_ answer: Answer, of item: Batch.Item) {
    // The closing of what was there.
    if count > 0 { body.removeLast(2) }
    if count > 0 { body.append(UInt8(ascii: ",")) }
    count += 1
    body.append("{\"status\":")
    body.append(decimal: UInt64(answer.status.rawValue))
    if let location = answer.location {
      body.append(",\"location\":")
      body.appendJSON(string: location)
    }
    if let etag = answer.etag {
      body.append(",\"etag\":")
      body.appendJSON(string: etag)
    }
    if !answer.body.isEmpty {
      body.append(",\"body\":")
      body.append(contentsOf: answer.body)
    }
    body.append("}]}")
    if let name = item.name { named[name] = document(answer) }
  }

  /// What may be referred to: the record; of one that its caller may not read, the id that its place tells.
  private func document(_ answer: Answer) -> JSONDocument? {
    var text = answer.body
    if text.isEmpty, let location = answer.location, let slash = location.lastIndex(of: "/") {
      let id = PercentEncoding.decode(ArraySlice(Array(location[location.index(after: slash)...].utf8)), plusIsSpace: false) ?? ""
      text.append("{\"id\":")
      text.appendJSON(string: id)
      text.append("}")
    }
    return try? JSONDocument.parse(text)
  }

  /// The operation with every reference in its place.
  ///
  /// - Throws: 422 with the reference's place, where it leads to nothing.
  func resolved(_ item: Batch.Item, at place: Int, isKeyed: Bool) throws(Failure) -> Operation {
    var operation = item.operation
    operation.isKeyed = isKeyed
    if let key = operation.key, key.hasPrefix("{"), key.hasSuffix("}") {
      let value = try value(String(key.dropFirst().dropLast()), at: "/operations/\(place)/path")
      operation.key = value.stringValue ?? String(decoding: value.rawText, as: UTF8.self)
    }
    // Most bodies hold none, and go on as they came.
    guard operation.body.span.holds(BatchResults.mark) else { return operation }
    let root = try InputReader.document(operation.body).root
    var out: [UInt8] = []
    try append(root, at: "", to: &out)
    operation.body = out
    return operation
  }

  private static let mark = Array("$from".utf8)

  private func append(_ node: JSONNode, at pointer: String, to out: inout [UInt8]) throws(Failure) {
    var isFirst = true
    switch node.kind {
    case .object:
      if let reference = BatchResults.reference(node) {
        out.append(contentsOf: try value(reference, at: pointer).rawText)
        return
      }
      out.append(UInt8(ascii: "{"))
      for member in node.members {
        if !isFirst { out.append(UInt8(ascii: ",")) }
        isFirst = false
        out.appendJSONKey(member.name)
        try append(member.value, at: pointer + "/" + JSONPointer.escaped(member.name), to: &out)
      }
      out.append(UInt8(ascii: "}"))
    case .array:
      out.append(UInt8(ascii: "["))
      var place = 0
      for element in node.elements {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        try append(element, at: pointer + "/\(place)", to: &out)
        place += 1
      }
      out.append(UInt8(ascii: "]"))
    default: out.append(contentsOf: node.rawText)
    }
  }

  /// Of an object that has nothing but `$from`, with a text.
  private static func reference(_ node: JSONNode) -> String? {
    var found: String?
    var count = 0
    for member in node.members {
      count += 1
      guard count == 1, member.name == "$from" else { return nil }
      found = member.value.stringValue
    }
    return found
  }

  /// `NAME.MEMBER`, or further into it.
  private func value(_ reference: String, at pointer: String) throws(Failure) -> JSONNode {
    let parts = reference.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    var value: JSONNode?
    if parts.count > 1, let root = named[parts[0]]?.root { value = root }
    for part in parts.dropFirst() { value = value.flatMap { $0.kind == .object ? $0[part] : nil } }
    guard let value else {
      let known = named.keys.sorted()
      let hint = parts.count < 2 ? "write NAME.MEMBER" : Suggestion.question(parts[0], in: known)
      throw Failure.validation([
        .init(
          pointer: pointer, code: "reference",
          detail: "\"\(reference.excerpt)\" is nothing of an operation before it" + (hint.map { "; " + $0 } ?? ""))
      ])
    }
    return value
  }
}

extension Span<UInt8> {
  /// Whether these bytes stand anywhere in it.
  fileprivate func holds(_ needle: [UInt8]) -> Bool {
    guard count >= needle.count else { return false }
    for start in 0...(count - needle.count) where self[start] == needle[0] {
      if needle.indices.allSatisfy({ self[start + $0] == needle[$0] }) { return true }
    }
    return false
  }
}
