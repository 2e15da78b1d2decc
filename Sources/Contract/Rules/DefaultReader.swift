import Base
import Expression
import YAML

/// Reads `default:`: a value of the field's type, or an expression over `caller` and `now`.
///
/// Texts and enums take what is written as it stands, unless it begins with `caller.`; the other types try their own
/// form first and an expression after it.
struct DefaultReader {
  let rules: RuleReader
  let field: Field
  let place: String
  let node: YAMLNode

  private var findings: Findings { rules.findings }

  func read() -> Default? {
    if node.isNull { return nil }
    let value: Value
    switch LiteralReader(type: field.type).read(node) {
    case .success(let read): value = read
    case .failure(let problem):
      if let text = node.scalarText, isExpression(text) { return expression().map { .expression($0) } }
      findings.report(
        .invalidDefault, "\(place): the default \(problem.message)", at: node.mark, suggestion: problem.suggestion)
      return nil
    }
    if case .ref = field.type {
      findings.report(
        .invalidDefault, "\(place): a ref's default cannot be one record's id", at: node.mark, suggestion: "caller.id is for refs to users")
      return nil
    }
    return .value(value)
  }

  private func isExpression(_ text: String) -> Bool {
    guard case .string = node.content else { return false }
    switch field.type {
    case .string, .text, .email, .url, .enumeration, .json, .money, .list: return text.hasPrefix("caller.") || text.hasPrefix("now")
    // `2026-13-01` is a date that is none, not a subtraction.
    default: return text.utf8.first.map { $0.isLetter } ?? false || text.utf8.contains(UInt8(ascii: "("))
    }
  }

  private func expression() -> CheckedExpression? {
    var environment = rules.environment()
    environment.hasRequest = false
    var expected = field.type.expressionType
    if case .ref(let reference) = field.type { expected = reference.keyType.expressionType }
    guard let expression = rules.expression(node, place, expecting: expected, in: environment) else { return nil }
    if case .ref(let reference) = field.type, case .caller(.id) = expression.root.kind, reference.resource != "users" {
      findings.report(
        .invalidDefault, "\(place): caller.id is a record of users, not of \(reference.resource)", at: node.mark)
    }
    return expression
  }
}
