import Base

/// A column's default as PostgreSQL prints it.
struct PostgresDefault {
  let value: FoundColumn.Default

  /// - Parameter type: the field's type in the contract.
  init(_ text: String?, type: String) {
    guard let text, text.uppercased() != "NULL", !text.hasPrefix("NULL::") else {
      value = .none
      return
    }
    value = PostgresDefault.option(text, type).map { .option($0) } ?? .foreign(text == "identity" ? "the next number" : text)
  }

  private static func option(_ text: String, _ type: String) -> String? {
    switch text {
    case "now()", "CURRENT_TIMESTAMP", "transaction_timestamp()", "LOCALTIMESTAMP": return type == "timestamp" ? "now" : nil
    case "true", "false": return type == "boolean" ? text : nil
    default: break
    }
    guard let literal = PostgresExpression(text).literal else { return nil }
    switch type {
    case "string", "text", "enum": return literal.isText ? ContractText.quoted(literal.text) : nil
    case "integer": return Int64(literal.text).map { String($0) }
    case "number": return Double(literal.text).flatMap { $0.isFinite ? literal.text : nil }
    case "decimal": return isPlainNumber(literal.text) ? ContractText.quoted(literal.text) : nil
    default: return nil
    }
  }

  private static func isPlainNumber(_ text: String) -> Bool {
    text.utf8.count <= 20 && Double(text) != nil
      && text.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
  }
}
