/// How PostgreSQL holds an adopted column whose type is not the one that its kind is sent and read as. Everything else is `plain`.
///
/// A value goes through it on its way to the column (`write`) and out of it (`read`). What is read is what memory compares, so that
/// a condition means the same there and in the database.
package enum ColumnForm: Sendable, Hashable {
  /// What comparing the column itself with a written text tells.
  package enum Comparison: Sendable, Hashable {
    /// The same as comparing the texts: an enum.
    case exact
    /// More than the texts are equal: `citext`, `char(n)`. Any text can be written.
    case wider
    /// Not every text is a value: it is only compared as text.
    case none
  }

  case plain
  /// The value is the text that the database writes for it.
  case text(type: NativeName, Comparison)
  /// `real`: what was 0.1 there is 0.1 here, and not 0.10000000149.
  case real
  /// `money`, as the number that it is.
  case money
  /// `json`, which the database compares with nothing.
  case json
  /// An array, as the JSON of its elements; `asTexts` where an element's JSON is the text that the database writes for it.
  case array(element: NativeName, asTexts: Bool)
  /// Whatever the type is, its text: a row is found again by what lies in it.
  case stored

  /// The column's value, as its kind reads it.
  func read(_ column: SQL) -> SQL {
    switch self {
    case .plain, .json: column
    case .text, .stored: column + SQL("::text")
    case .real: column + SQL("::text::float8")
    case .money: column + SQL("::numeric")
    case .array(_, let asTexts): SQL("to_jsonb(") + column + SQL(asTexts ? "::text[])" : ")")
    }
  }

  /// A parameter of the column's kind as a value of the column's type.
  func write(_ parameter: SQL) -> SQL {
    switch self {
    case .plain, .stored: return parameter
    case .text(let type, _): return SQL("CAST(") + parameter + SQL(" AS ") + type.sql + SQL(")")
    case .real: return SQL("CAST(") + parameter + SQL(" AS real)")
    case .money: return SQL("CAST(") + parameter + SQL(" AS money)")
    case .json: return SQL("CAST(") + parameter + SQL(" AS json)")
    case .array(let element, _):
      let elements = SQL("ARRAY(SELECT CAST(e AS ") + element.sql + SQL(") FROM jsonb_array_elements_text(") + parameter
      return SQL("CASE WHEN ") + parameter + SQL(" IS NOT NULL THEN ") + elements
        + SQL(") WITH ORDINALITY AS martlet_list(e, n) ORDER BY n) END")
    }
  }

  /// Whether the column itself may be compared with whatever a client sends: nothing of that is refused by its type.
  package var isSought: Bool {
    switch self {
    case .plain: true
    case .text(_, let comparison): comparison != .none
    case .real, .money, .json, .array, .stored: false
    }
  }

  /// Whether that comparison finds no row whose value is another.
  var isExact: Bool { if case .text(_, .wider) = self { false } else { isSought } }
}

/// A type's own name in the catalog, with its schema: it means the same whatever the session's search path is.
package struct NativeName: Sendable, Hashable {
  package var schema: String
  package var name: String

  package init(schema: String, name: String) {
    self.schema = schema
    self.name = name
  }

  var sql: SQL { SQL(identifier: schema) + SQL(".") + SQL(identifier: name) }
}
