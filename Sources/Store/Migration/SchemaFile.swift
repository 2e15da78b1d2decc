/// SQL that a person wrote for a migration. It runs once, in one transaction.
package struct SchemaFile: Sendable {
  /// Such as `0007_split_names.sql`. Files run in the order of their names' bytes.
  package let name: String
  package let text: String

  package init(name: String, text: String) {
    self.name = name
    self.text = text
  }

  /// `NAME.sqlite.sql` and `NAME.postgres.sql` are for one store.
  func isFor(_ dialect: Dialect) -> Bool {
    let parts = name.split(separator: ".")
    guard parts.count > 2, let only = Dialect(rawValue: String(parts[parts.count - 2])) else { return true }
    return only == dialect
  }

  var checksum: String { SchemaLedger.checksum(text) }

  /// Words that begin a statement which ends the transaction, or that runs in none.
  private static let refused: Set<String> = [
    "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE", "VACUUM", "ATTACH", "DETACH", "PRAGMA",
  ]

  /// What keeps it from running; nil for nothing.
  var fault: String? {
    let statements = SQLScript.statements(text)
    if statements.isEmpty { return "there is no statement in it" }
    for statement in statements {
      let word = SQLScript.firstWord(statement)
      if SchemaFile.refused.contains(word) { return "a file is one transaction of its own: there is no place in it for \(word)" }
    }
    return nil
  }

  var change: SchemaChange {
    SchemaChange(
      table: "", description: name, statements: SQLScript.statements(text), safety: .locks, form: .file, obstacle: fault,
      caution: "SQL that a person wrote", source: text, reversal: .impossible, endsRound: true)
  }

  /// Those that are still to run, in their order.
  ///
  /// - Parameter applied: names and checksums of those that ran.
  /// - Returns: beside them the names of those that ran and are others by now.
  static func pending(
    _ files: [SchemaFile], applied: [String: String], _ dialect: Dialect
  ) -> (files: [SchemaFile], changed: [String]) {
    let own = files.filter { $0.isFor(dialect) }.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    let changed = own.filter { file in applied[file.name].map { $0 != file.checksum } ?? false }
    return (own.filter { applied[$0.name] == nil }, changed.map(\.name))
  }
}
