import Base
import JSON
import JSONSchema
import Pattern
import YAML

/// Reads a literal of a field's type, within the field's own bounds.
struct LiteralReader {
  struct Problem: Error {
    /// Follows "the default".
    var message: String
    var suggestion: String?
    init(_ message: String, suggestion: String? = nil) {
      self.message = message
      self.suggestion = suggestion
    }
  }

  let type: FieldType

  func read(_ node: YAMLNode) -> Result<Value, Problem> {
    do throws(Problem) { return .success(try value(node)) } catch { return .failure(error) }
  }

  private func value(_ node: YAMLNode) throws(Problem) -> Value {
    switch type {
    case .string(let options), .text(let options): return try string(node, options)
    case .email:
      // As a body's value is checked and kept.
      guard let address = node.string.flatMap(EmailAddress.canonical) else { throw wrong(node, "an e-mail address") }
      return .string(address)
    case .url:
      guard let url = node.string.flatMap(WebAddress.canonical) else { throw wrong(node, "an absolute http or https URL") }
      return .string(url)
    case .enumeration(let values):
      guard let text = node.string else { throw wrong(node, "one of \(values.joined(separator: ", "))") }
      guard values.contains(where: text.isExactly) else {
        throw Problem("\"\(text)\" is none of \(values.joined(separator: ", "))", suggestion: Suggestion.question(text, in: values))
      }
      return .string(text)
    case .integer(let low, let high):
      guard let value = node.integer else { throw wrong(node, "an integer") }
      try within(value, low, high)
      return .integer(value)
    case .number(let low, let high):
      guard let value = node.number, value.isFinite else { throw wrong(node, "a number") }
      try within(value, low, high)
      // As bodies' values are kept: the stores do not agree about its sign.
      return .number(value == 0 ? 0 : value)
    case .decimal(let precision, let scale, let low, let high):
      guard node.isScalar, let value = Decimal(node.text)?.rescaled(to: scale), value.hasDigits(atMost: precision) else {
        throw wrong(node, "a decimal(\(precision),\(scale))")
      }
      try within(value, low, high)
      return .decimal(value)
    case .boolean:
      guard let value = node.boolean else { throw wrong(node, "true or false") }
      return .boolean(value)
    case .timestamp:
      guard let value = node.string.flatMap({ Timestamp($0) }) else { throw wrong(node, "a timestamp such as 2026-01-31T10:00:00Z") }
      return .timestamp(value)
    case .date:
      guard let value = node.string.flatMap({ CalendarDate($0) }) else { throw wrong(node, "a date such as 2026-01-31") }
      return .date(value)
    case .uuid:
      guard let value = node.string.flatMap({ UUID($0) }) else { throw wrong(node, "a uuid") }
      return .uuid(value)
    case .money(let options): return .money(try money(node, options))
    case .json(let options):
      let bytes = node.json
      guard bytes.count <= options.sizeMax else { throw Problem("is larger than \(options.sizeMax) bytes") }
      guard !JSONEscape.holdsNull(bytes) else { throw Problem("holds U+0000") }
      if let schema = options.schema, let document = try? JSONDocument.parse(bytes),
        let violation = schema.violations(of: document.root).first
      {
        throw Problem("does not fit the schema: \(violation.pointer.isEmpty ? "it" : violation.pointer) \(violation.detail)")
      }
      return .json(bytes)
    case .list(let item, let length): return .list(try list(node, item, length))
    case .ref(let reference): return try LiteralReader(type: reference.keyType).value(node)
    case .secret, .file: throw Problem("is not possible for this type")
    }
  }

  private func wrong(_ node: YAMLNode, _ what: String) -> Problem {
    Problem(node.isScalar && !node.isSubstituted ? "\"\(node.text.excerpt)\" is not \(what)" : "is not \(what)")
  }

  private func string(_ node: YAMLNode, _ options: StringOptions) throws(Problem) -> Value {
    guard let text = node.string else {
      throw Problem("must be a text, not \(node.kind)", suggestion: node.isScalar ? "quote it: \"\(node.text)\"" : nil)
    }
    guard !text.utf8.contains(0) else { throw Problem("holds U+0000") }
    // A rule's name is meant, not its text.
    if text.hasPrefix("caller.") { throw Problem("is an expression") }
    guard options.length.contains(text.unicodeScalars.count) else {
      throw Problem("has \(text.unicodeScalars.count) characters, not \(options.length.lowerBound) to \(options.length.upperBound)")
    }
    if let source = options.pattern, let pattern = try? Pattern(source), !pattern.matches(whole: text) {
      throw Problem("does not match the pattern")
    }
    return .string(text)
  }

  private func within<T: Comparable>(_ value: T, _ low: T?, _ high: T?) throws(Problem) {
    if let low, value < low { throw Problem("\(value) is below the minimum \(low)") }
    if let high, value > high { throw Problem("\(value) is above the maximum \(high)") }
  }

  private func money(_ node: YAMLNode, _ options: MoneyOptions) throws(Problem) -> Money {
    guard let amount = node["amount"]?.integer, let code = node["currency"]?.string, let currency = Currency(code), node.members.count == 2
    else { throw wrong(node, "{amount: 1999, currency: EUR}") }
    try within(amount, options.minimum, nil)
    guard options.currencies.isEmpty || options.currencies.contains(code) else {
      throw Problem("is in \(code), not in \(options.currencies.joined(separator: ", "))")
    }
    return Money(amount: amount, currency: currency)
  }

  private func list(_ node: YAMLNode, _ item: FieldType, _ length: ClosedRange<Int>) throws(Problem) -> [Value] {
    guard case .sequence(let items) = node.content else { throw wrong(node, "a list") }
    guard length.contains(items.count) else {
      throw Problem("has \(items.count) items, not \(length.lowerBound) to \(length.upperBound)")
    }
    var values: [Value] = []
    for node in items { values.append(try LiteralReader(type: item).value(node)) }
    return values
  }
}
