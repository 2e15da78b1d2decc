/// Indexes of words. One that is new is made over the rows that are there, in the same transaction.
extension SchemaDifference {
  /// - Parameter found: the table as it stands; nil where it is made by the same plan.
  func wordsChanges(_ table: TableDefinition, _ found: LiveTable?) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    let standing = standingWords(table, found)
    let isWhole =
      table.words.map { words in
        standing.contains(words.name) && hasTriggers(words, found)
          && found?.indexes.contains { $0.name == words.name && !$0.isValid } != true
      } ?? true
    for name in standing where !isWhole || name != table.words?.name {
      changes.append(
        SchemaChange(
          table: table.name, schema: table.schema, description: "drop index of words \(name)",
          statements: WordsIndex.removal(name, schema: table.schema, dialect), form: dialect == .postgres ? .online : .together))
      if found?.cut != nil {
        changes[changes.endIndex - 1].statements = [removal(ofParted: name, table)]
        changes[changes.endIndex - 1].form = .brief
      }
    }
    guard let words = table.words, !isWhole else { return changes }
    if let cut = found?.cut { return changes + partedWordsChanges(table, words, cut) }
    let fields = words.fields.map(\.name).joined(separator: ", ")
    var change = SchemaChange(
      table: table.name, schema: table.schema, description: "create index of words \(table.name) (\(fields))",
      statements: words.creation(dialect), probes: dialect == .postgres ? [isInAnotherEncoding] : [])
    change.reversal = .statements(WordsIndex.removal(words.name, schema: table.schema, dialect))
    if found != nil, dialect == .sqlite { change.safety = .locks }
    if found != nil, dialect == .postgres {
      change.form = .online
      change.statements = words.creation(dialect, isOnline: true)
      change.onFailure = WordsIndex.removal(words.name, schema: table.schema, dialect).first
    }
    changes.append(change)
    return changes
  }

  /// The names of a table's indexes of words: on SQLite they are tables.
  private func standingWords(_ table: TableDefinition, _ found: LiveTable?) -> [String] {
    let names = [table.name, table.was].compactMap(\.self)
    let candidates =
      switch dialect {
      case .postgres: (found?.indexes ?? []).map(\.name)
      case .sqlite: live.tables.filter { $0.definition.hasPrefix("CREATE VIRTUAL TABLE") }.map(\.name)
      }
    return candidates.filter { candidate in names.contains { WordsIndex.isName(candidate, of: $0) } }
  }

  /// On SQLite an index of which somebody took a trigger away is made anew.
  private func hasTriggers(_ words: WordsIndex, _ found: LiveTable?) -> Bool {
    guard dialect == .sqlite else { return true }
    return words.triggers.allSatisfy { name in
      let start = (SQL("CREATE TRIGGER ") + SQL(identifier: name) + SQL(" ")).text(.sqlite)
      return found?.triggers.contains { $0.hasPrefix(start) } ?? false
    }
  }

  var isInAnotherEncoding: SchemaChange.Probe {
    SchemaChange.Probe(
      statement: SQL("SELECT 1 WHERE getdatabaseencoding() <> 'UTF8'").text(.postgres),
      finding: "\"search\" needs a database whose encoding is UTF8")
  }
}
