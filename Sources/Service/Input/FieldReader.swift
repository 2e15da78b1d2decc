import Base
import Contract
import JSON
import JSONSchema
import Pattern

/// Reads one field's JSON into its value, and says what is wrong with it.
struct FieldReader: Sendable {
  /// What is wrong: a stable code, words for a person, and where inside the field.
  struct Violation: Error {
    var code: String
    var detail: String
    var pointer = ""
    /// What else is wrong inside the field.
    var others: [Violation] = []

    init(_ code: String, _ detail: String, pointer: String = "") {
      self.code = code
      self.detail = detail
      self.pointer = pointer
    }
  }

  let type: FieldType
  private let pattern: Pattern?
  private let element: [FieldReader]

  /// The contract has been checked, so its patterns compile.
  init(_ type: FieldType) {
    self.type = type
    switch type {
    case .string(let options), .text(let options): pattern = options.pattern.flatMap { try? Pattern($0) }
    default: pattern = nil
    }
    if case .list(let inner, _) = type { element = [FieldReader(inner)] } else { element = [] }
  }

  /// The value of a node that is not null.
  func value(of node: JSONNode) throws(Violation) -> Value {
    switch type {
    case .string(let options), .text(let options): try .string(text(node, options))
    case .email: try .string(email(string(node)))
    case .url: try .string(url(string(node)))
    case .enumeration(let values): try enumeration(string(node), values)
    case .integer(let minimum, let maximum): try integer(node, minimum, maximum)
    case .decimal(let precision, let scale, let minimum, let maximum):
      try .decimal(decimal(node, precision: precision, scale: scale, minimum: minimum, maximum: maximum))
    case .number(let minimum, let maximum): try number(node, minimum, maximum)
    case .boolean: try boolean(node)
    case .timestamp: try timestamp(string(node))
    case .date: try date(string(node))
    case .uuid: try uuid(string(node))
    case .ref(let reference): try FieldReader(reference.keyType).value(of: node)
    case .money(let options): try money(node, options)
    case .json(let options): try json(node, options)
    case .list(_, let length): try list(node, length)
    case .secret, .file: throw Violation("not_writable", "is not served by this version yet")
    }
  }

  private func string(_ node: JSONNode) throws(Violation) -> String {
    guard let text = node.stringValue else { throw Violation("type", "must be a string") }
    guard !text.utf8.contains(0) else { throw Violation("format", "must not contain U+0000") }
    return text
  }

  private func email(_ text: String) throws(Violation) -> String {
    guard let address = EmailAddress.canonical(text) else { throw Violation("format", "is not an e-mail address") }
    return address
  }

  private func url(_ text: String) throws(Violation) -> String {
    guard let url = WebAddress.canonical(text) else {
      throw Violation("format", "is not an absolute http or https URL of at most \(WebAddress.bytesMax) bytes")
    }
    return url
  }

  private func text(_ node: JSONNode, _ options: StringOptions) throws(Violation) -> String {
    let text = try string(node)
    try length(text.unicodeScalars.count, options.length, of: "characters")
    if let pattern, !pattern.matches(whole: text) {
      throw Violation("pattern", "must match \(options.pattern ?? "")")
    }
    return text
  }

  private func length(_ count: Int, _ bounds: ClosedRange<Int>, of unit: String) throws(Violation) {
    guard !bounds.contains(count) else { return }
    if count < bounds.lowerBound {
      throw Violation("length", "must have at least \(bounds.lowerBound) \(unit)")
    }
    throw Violation("length", "must have at most \(bounds.upperBound) \(unit)")
  }

  private func enumeration(_ text: String, _ values: [String]) throws(Violation) -> Value {
    guard values.contains(where: text.isExactly) else {
      let hint = Suggestion.question(text, in: values).map { "; " + $0 } ?? ""
      throw Violation("enum", "must be one of \(values.joined(separator: ", "))" + hint)
    }
    return .string(text)
  }

  private func integer(_ node: JSONNode, _ minimum: Int64?, _ maximum: Int64?) throws(Violation) -> Value {
    guard let value = node.integralValue else { throw Violation("type", "must be an integer of 64 bits") }
    if let minimum, value < minimum { throw Violation("range", "must be at least \(minimum)") }
    if let maximum, value > maximum { throw Violation("range", "must be at most \(maximum)") }
    return .integer(value)
  }

  private func number(_ node: JSONNode, _ minimum: Double?, _ maximum: Double?) throws(Violation) -> Value {
    guard node.kind == .integer || node.kind == .number, let value = node.double else {
      throw Violation("type", "must be a number")
    }
    if let minimum, value < minimum { throw Violation("range", "must be at least \(minimum)") }
    if let maximum, value > maximum { throw Violation("range", "must be at most \(maximum)") }
    // Negative zero is stored as zero: the stores do not agree about its sign.
    return .number(value == 0 ? 0 : value)
  }

  private func decimal(
    _ node: JSONNode, precision: Int, scale: Int, minimum: Decimal?, maximum: Decimal?
  ) throws(Violation) -> Decimal {
    guard let text = node.stringValue else { throw Violation("type", "must be a decimal in a string, such as \"12.50\"") }
    guard let value = Decimal(text) else { throw Violation("format", "is not a decimal such as \"12.50\"") }
    guard let scaled = value.rescaled(to: scale) else {
      throw Violation("precision", "must have at most \(scale) digits after the point and \(precision) in all")
    }
    guard scaled.hasDigits(atMost: precision) else {
      throw Violation("precision", "must have at most \(precision) digits, \(scale) of them after the point")
    }
    if let minimum, scaled < minimum { throw Violation("range", "must be at least \(minimum)") }
    if let maximum, scaled > maximum { throw Violation("range", "must be at most \(maximum)") }
    return scaled
  }

  private func boolean(_ node: JSONNode) throws(Violation) -> Value {
    guard let value = node.bool else { throw Violation("type", "must be true or false") }
    return .boolean(value)
  }

  private func timestamp(_ text: String) throws(Violation) -> Value {
    guard let value = Timestamp(text) else {
      throw Violation("format", "is not an RFC 3339 timestamp such as 2026-01-31T10:00:00Z")
    }
    return .timestamp(value)
  }

  private func date(_ text: String) throws(Violation) -> Value {
    guard let value = CalendarDate(text) else { throw Violation("format", "is not a date such as 2026-01-31") }
    return .date(value)
  }

  private func uuid(_ text: String) throws(Violation) -> Value {
    guard let value = UUID(text) else { throw Violation("format", "is not a UUID") }
    return .uuid(value)
  }

  private func money(_ node: JSONNode, _ options: MoneyOptions) throws(Violation) -> Value {
    guard node.kind == .object else {
      throw Violation("type", "must be an object such as {\"amount\": 1999, \"currency\": \"EUR\"}")
    }
    try FieldReader.checkMoneyMembers(node)
    guard let amount = node["amount"]?.integralValue else {
      throw Violation("type", "must be an integer of minor units (cents)", pointer: "/amount")
    }
    guard let currency = node["currency"]?.stringValue.flatMap({ Currency($0) }) else {
      throw Violation("format", "must be an ISO 4217 code of three capital letters", pointer: "/currency")
    }
    if !options.currencies.isEmpty, !options.currencies.contains(currency.description) {
      throw Violation("enum", "must be one of \(options.currencies.joined(separator: ", "))", pointer: "/currency")
    }
    if let minimum = options.minimum, amount < minimum {
      throw Violation("range", "must be at least \(minimum)", pointer: "/amount")
    }
    return .money(Money(amount: amount, currency: currency))
  }

  static func checkMoneyMembers(_ node: JSONNode) throws(Violation) {
    for member in node.members where member.name != "amount" && member.name != "currency" {
      throw Violation("unknown_field", "money has amount and currency only", pointer: JSONPointer.shown(member.name))
    }
  }

  private func json(_ node: JSONNode, _ options: JSONOptions) throws(Violation) -> Value {
    let raw = Array(node.rawText)
    guard raw.count <= options.sizeMax else { throw Violation("length", "must have at most \(options.sizeMax) bytes") }
    // PostgreSQL's jsonb cannot hold it, and the stores must not differ.
    guard !JSONEscape.holdsNull(raw) else { throw Violation("format", "must not contain U+0000") }
    if let schema = options.schema {
      try FieldReader.raise(schema.violations(of: node).map { Violation($0.code, $0.detail, pointer: $0.pointer) })
    }
    return .json(raw)
  }

  private func list(_ node: JSONNode, _ bounds: ClosedRange<Int>) throws(Violation) -> Value {
    guard node.kind == .array else { throw Violation("type", "must be an array") }
    try length(node.count, bounds, of: "elements")
    var values: [Value] = []
    var wrong: [Violation] = []
    for (place, item) in node.elements.enumerated() where wrong.count < InputReader.itemsMax {
      do throws(Violation) {
        guard !item.isNull else { throw Violation("type", "must not be null") }
        values.append(try element[0].value(of: item))
      } catch {
        wrong.append(Violation(error.code, error.detail, pointer: "/\(place)" + error.pointer))
      }
    }
    try FieldReader.raise(wrong)
    return .list(values)
  }

  /// Throws the first with the others, if there are any.
  private static func raise(_ violations: [Violation]) throws(Violation) {
    guard var first = violations.first else { return }
    first.others = Array(violations.dropFirst())
    throw first
  }
}
