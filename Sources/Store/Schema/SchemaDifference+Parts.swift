import Base

/// PostgreSQL: tables in parts. What is made for all of their rows is made part by part, so that nobody waits for it.
extension SchemaDifference {
  /// A table that is cut as nobody would go on cutting it.
  func cutObstacle(_ table: TableDefinition, _ found: LiveTable) -> SchemaChange? {
    guard dialect == .postgres, let cut = found.cut else { return nil }
    let reason: String
    if table.calendar == nil {
      // Somebody else's parts are somebody else's to make.
      guard cut.parts.contains(where: { TablePart.isOwnName($0.name, of: table.name) }) else { return nil }
      reason = "it is in parts, and without \"partition\" nobody would make the next one: put it back (docs/partitions.md)"
    } else if cut.key != "RANGE (\(SQL(identifier: table.key[0]).text(.postgres)))", cut.key != "RANGE (\(table.key[0]))" {
      reason = "it is cut by \(cut.key), not by RANGE (\(table.key[0]))"
    } else {
      return nil
    }
    return SchemaChange(
      table: table.name, schema: table.schema, description: "keep \(table.name) in parts", statements: [], obstacle: reason)
  }

  // MARK: indexes

  /// First of the whole without its parts, which serves no read; then of each part beside its users. With the last one it is whole.
  func partedIndexChanges(_ table: TableDefinition, _ index: IndexDefinition, _ standing: LiveIndex?, _ cut: LiveCut) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    var isBegun = false
    if let standing {
      isBegun = isSame(standing, index)
      if !isBegun { changes.append(brief(table, "drop index \(index.name)", removal(ofParted: index.name, table))) }
    }
    if !isBegun {
      var change = brief(table, "create index \(index.name)", table.create(index, .postgres, isOfWhole: true))
      change.reversal = .statements([removal(ofParted: index.name, table)])
      changes.append(change)
    }
    for part in cut.parts {
      let found = isBegun ? live.table(part.name, schema: part.schema)?.indexes ?? [] : []
      if found.contains(where: { $0.whole == index.name }) { continue }
      let name = SchemaDifference.name(of: index.name, in: part)
      let own = live.table(part.name, schema: part.schema)?.indexes.first { $0.name == name }
      changes += making(
        name, of: index.name, in: part, table, standing: own, table.create(index, .postgres, isOnline: true, of: (part, name)))
    }
    return changes
  }

  func partedWordsChanges(_ table: TableDefinition, _ words: WordsIndex, _ cut: LiveCut) -> [SchemaChange] {
    var change = brief(
      table, "create index of words \(words.name)", WordsFunction.creation, words.postgresIndex(false, isOfWhole: true).text(.postgres))
    change.probes = [isInAnotherEncoding]
    change.reversal = .statements([removal(ofParted: words.name, table)])
    return [change]
      + cut.parts.flatMap { part in
        let name = SchemaDifference.name(of: words.name, in: part)
        let own = live.table(part.name, schema: part.schema)?.indexes.first { $0.name == name }
        return making(name, of: words.name, in: part, table, standing: own, words.postgresIndex(true, of: (part, name)).text(.postgres))
      }
  }

  private func making(
    _ name: String, of whole: String, in part: LivePart, _ table: TableDefinition, standing: LiveIndex?, _ statement: String
  ) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    let index = SQL(table: name, schema: part.schema)
    if standing?.isValid != true {
      let removal = (SQL("DROP INDEX CONCURRENTLY IF EXISTS ") + index).text(.postgres)
      changes.append(
        SchemaChange(
          table: part.name, schema: part.schema, description: "create index \(name)",
          statements: (standing == nil ? [] : [removal]) + [statement], form: .online, onFailure: removal))
    }
    let attach = SQL("ALTER INDEX ") + SQL(table: whole, schema: table.schema) + SQL(" ATTACH PARTITION ") + index
    changes.append(brief(table, "put \(name) on \(whole)", attach.text(.postgres)))
    return changes
  }

  private static func name(of index: String, in part: LivePart) -> String {
    SchemaBuilder.name("", index, String(part.name.suffix(10)), digestOf: part.name)
  }

  /// Goes from all parts at once, which takes a moment.
  func removal(ofParted index: String, _ table: TableDefinition) -> String {
    (SQL("DROP INDEX IF EXISTS ") + SQL(table: index, schema: table.schema)).text(.postgres)
  }

  // MARK: references

  /// A table in parts takes no foreign key whose rows are looked at later. Its parts do; that of the whole then finds theirs.
  func partedReference(_ table: TableDefinition, _ column: ColumnDefinition, _ found: LiveTable) -> [SchemaChange] {
    guard let reference = column.reference else { return [] }
    var changes: [SchemaChange] = []
    for part in found.cut?.parts ?? [] {
      let standing = live.table(part.name, schema: part.schema)
      let isThere = standing?.foreignKeys.contains { $0.name == reference.name } ?? false
      if !isThere {
        var change = SchemaChange(
          table: part.name, schema: part.schema, description: "\(part.name).\(column.name) refers to \(reference.table)",
          statements: [table.addReference(reference, on: column.name, isNew: false, of: part)], form: .brief)
        if found.column(column.name) != nil { change.probes = [isOrphaned(table, column.name, reference)].compactMap(\.self) }
        changes.append(change)
      }
      if !isThere || standing?.unvalidated.contains(reference.name) == true {
        let validate =
          SQL("ALTER TABLE ") + SQL(table: part.name, schema: part.schema) + SQL(" VALIDATE CONSTRAINT ") + SQL(identifier: reference.name)
        changes.append(
          SchemaChange(
            table: part.name, schema: part.schema, description: "look at the rows of \(part.name) for \(reference.name)",
            statements: [validate.text(.postgres)], form: .online))
      }
    }
    if let change = addReference(table, column, toNew: false) { changes.append(change) }
    return changes
  }
}
