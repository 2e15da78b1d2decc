import Base

/// Literals of schema definitions, which cannot hold parameters. Numbers are written by us, texts are quoted.
extension SQL {
  /// A quoted identifier.
  init(identifier: String) {
    self.init()
    append(identifier: identifier)
  }

  init(integer: Int64) {
    self.init()
    append(number: String(integer))
  }

  /// Finite.
  init(number: Double) {
    self.init()
    append(number: number.isFinite ? number.description : "0")
  }

  init(decimal: Decimal) {
    self.init()
    append(number: decimal.description)
  }

  init(literal: String) {
    self.init()
    append(literal: literal)
  }

  /// A table's name, with its schema where it has one.
  init(table: String, schema: String?) {
    self.init()
    if let schema {
      append(identifier: schema)
      append(".")
    }
    append(identifier: table)
  }

  /// Names in parentheses.
  init(columns: [String]) {
    self.init()
    append("(")
    for (place, column) in columns.enumerated() {
      if place > 0 { append(", ") }
      append(identifier: column)
    }
    append(")")
  }

  /// The text of a definition: it has no parameters.
  func text(_ dialect: Dialect) -> String { statement(for: dialect).statement.text }
}
