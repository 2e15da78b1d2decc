/// What a table looked like when Martlet left it, in one number: another one says that somebody else has changed it since.
struct SchemaDrift: Sendable {
  private static let prefix = "drift:"

  /// Names of wanted tables whose look is not the one that is noted. None of those of which nothing is noted.
  static func changed(_ live: LiveSchema, _ wanted: [TableDefinition], _ notes: [String: String]) -> [String] {
    wanted.filter { table in
      guard table.isManaged, let noted = notes[prefix + table.name] else { return false }
      return live.table(table.name, schema: table.schema).map { figure($0) != noted } ?? true
    }.map(\.name)
  }

  /// The notes for tables as they are now.
  static func notes(_ live: LiveSchema, _ wanted: [TableDefinition]) -> [(name: String, text: String)] {
    wanted.filter(\.isManaged).compactMap { table in
      live.table(table.name, schema: table.schema).map { (prefix + table.name, figure($0)) }
    }
  }

  /// Without regard to the order of what has none.
  private static func figure(_ table: LiveTable) -> String {
    var lines = table.columns.map { "c \($0.name) \($0.type) \($0.isNullable) \($0.defaultText ?? "") \($0.isGenerated)" }
    lines += table.checks.map { "k \($0)" }
    lines += table.foreignKeys.map { "f \($0.columns) \($0.table) \($0.targets) \($0.onDelete)" }
    lines += table.indexes.map { index in
      let parts = index.parts.map { "\($0.column) \($0.isDescending)" }
      return "i \(index.name) \(parts) \(index.isUnique) \(index.isPartial) \(index.isValid)"
    }
    lines += table.triggers.map { "t \($0)" }
    lines.append("p \(table.key)")
    return String(UInt64.digest(lines.sorted().joined(separator: "\n")), radix: 36)
  }
}
