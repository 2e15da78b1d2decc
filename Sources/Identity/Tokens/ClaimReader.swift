package import Base
package import Contract
package import JSON

/// Reads a claim as the type that the contract declares for it.
package enum ClaimReader {
  /// Null for a claim of another type, and for one that is out of the type's range.
  package static func value(of node: JSONNode?, as type: FieldType) -> Value {
    guard let node else { return .null }
    return read(node, type) ?? .null
  }

  private static func read(_ node: JSONNode, _ type: FieldType) -> Value? {
    switch type {
    case .string, .text: text(node).map { .string($0) }
    case .email: text(node).map { .string(CanonicalText.email.canonical($0)) }
    case .url: text(node).map { .string(CanonicalText.url.canonical($0)) }
    case .enumeration(let values): node.stringValue.flatMap { text in values.contains(where: text.isExactly) ? .string(text) : nil }
    case .integer: node.integralValue.map { .integer($0) }
    case .number: node.double.map { .number($0) }
    case .decimal: (node.stringValue.flatMap { Decimal($0) } ?? node.decimal).map { .decimal($0) }
    case .boolean: node.bool.map { .boolean($0) }
    case .timestamp: (node.stringValue.flatMap { Timestamp($0) } ?? numericDate(node)).map { .timestamp($0) }
    case .date: node.stringValue.flatMap { CalendarDate($0) }.map { .date($0) }
    case .uuid: node.stringValue.flatMap { UUID($0) }.map { .uuid($0) }
    case .ref(let reference): read(node, reference.keyType)
    case .list(let element, _): list(node, element)
    case .json: .json(Array(node.rawText))
    case .money, .secret, .file: nil
    }
  }

  private static func list(_ node: JSONNode, _ element: FieldType) -> Value? {
    guard node.kind == .array else { return nil }
    var values: [Value] = []
    for item in node.elements {
      guard let value = read(item, element) else { return nil }
      values.append(value)
    }
    return .list(values)
  }

  /// Seconds since 1970, with or without a fraction (RFC 7519 section 2); nil for what is no number or no time.
  static func numericDate(_ node: JSONNode) -> Timestamp? {
    if let seconds = node.int64 {
      let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
      return overflow ? nil : checked(Timestamp(microseconds: microseconds))
    }
    guard let seconds = node.double, seconds.magnitude < 1e12 else { return nil }
    return checked(Timestamp(microseconds: Int64(seconds * 1e6)))
  }

  private static func checked(_ time: Timestamp) -> Timestamp? {
    time.microseconds >= 0 && time <= .maximum ? time : nil
  }

  /// A string without U+0000, which no store holds and no rule can therefore ask for.
  static func text(_ node: JSONNode) -> String? { node.stringValue.flatMap { $0.utf8.contains(0) ? nil : $0 } }

  /// An array of such strings, or one string; other elements are passed over.
  static func strings(_ node: JSONNode?) -> [String] {
    guard let node else { return [] }
    if let one = text(node) { return [one] }
    return node.elements.compactMap(text)
  }
}
