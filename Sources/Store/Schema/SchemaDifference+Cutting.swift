import Base

/// PostgreSQL: a table that is there becomes one in parts. No row is written: all of it is the first part.
extension SchemaDifference {
  /// First its rows are looked at beside its users, for keys that lie past the first part; then it takes its new place in a moment.
  func cutting(_ table: TableDefinition, _ found: LiveTable) -> [SchemaChange] {
    guard let calendar = table.calendar, let wanted = table.firstCut, table.key.count == 1 else { return [] }
    let begun = cutBegun(table, found)
    let cut = begun ?? wanted
    let condition = SQL(identifier: table.key[0]) + SQL(" < ") + SQL(literal: TablePart.key(at: cut).description)
    let check = CheckDefinition(name: SchemaDifference.name(ofCut: cut), condition: condition)
    var changes: [SchemaChange] = []
    if begun == nil {
      var change = brief(
        table, "\(table.name) ends at \(cut), where its next part begins",
        alter(table, SQL("ADD ") + TableDefinition.constraint(check) + SQL(" NOT VALID")))
      change.probes = [violates(table, check), isTiedToOthers(table)]
      change.safety = .locks
      change.caution = "it becomes a table in parts"
      change.reversal = .statements([removal(of: check.name, from: table)])
      changes.append(change)
    }
    if begun == nil || found.unvalidated.contains(check.name) { changes.append(validation(table, check.name)) }
    var change = brief(table, "cut \(table.name) into parts, what is there as the first", "")
    change.statements = taking(table, found, calendar, cut, check)
    change.safety = .locks
    change.probes = [isTiedToOthers(table)]
    change.reversal = .impossible
    change.caution = "it becomes a table in parts"
    return changes + [change]
  }

  /// Where the first part of a table ends whose way into parts was begun not long ago: it is gone on with.
  func cutBegun(_ table: TableDefinition, _ found: LiveTable) -> Timestamp? {
    guard let wanted = table.firstCut, found.cut == nil else { return nil }
    let begun = found.checks.compactMap { SchemaDifference.cut(inNameOf: $0) }.map { Timestamp(microseconds: $0 * 1000) }.max()
    let latest = wanted.microseconds - SchemaDifference.begunMax
    return begun.flatMap { $0.microseconds > latest ? $0 : nil }
  }

  /// Days after which it is begun anew, in microseconds: new keys come close to its end.
  private static let begunMax: Int64 = 25 * 86_400_000_000

  private func taking(
    _ table: TableDefinition, _ found: LiveTable, _ calendar: PartCalendar, _ cut: Timestamp, _ check: CheckDefinition
  ) -> [String] {
    let first = TablePart(name: TablePart.name(of: table.name, from: nil), schema: table.schema, lower: nil, upper: cut)
    let whole = SQL(table: table.name, schema: table.schema)
    let part = SQL(table: first.name, schema: table.schema)
    func of(_ table: SQL, _ action: SQL) -> String { (SQL("ALTER TABLE ") + table + SQL(" ") + action).text(.postgres) }
    let referring = references(to: table)
    var statements = referring.map { referrer in
      of(
        SQL(table: referrer.table.name, schema: referrer.table.schema),
        SQL("DROP CONSTRAINT IF EXISTS ") + SQL(identifier: referrer.reference.name))
    }
    statements.append(of(whole, SQL("RENAME TO ") + SQL(identifier: first.name)))
    for name in table.indexes.map(\.name) + [table.words?.name].compactMap(\.self) where found.indexes.contains(where: { $0.name == name })
    {
      let other = SQL(identifier: SchemaBuilder.name("", name, "p00000000", digestOf: first.name))
      statements.append((SQL("ALTER INDEX ") + SQL(table: name, schema: table.schema) + SQL(" RENAME TO ") + other).text(.postgres))
    }
    statements.append(
      (SQL("CREATE TABLE ") + whole + SQL(" (LIKE ") + part
        + SQL(" INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS) PARTITION BY RANGE ") + SQL(columns: table.key)).text(.postgres))
    statements.append(of(whole, SQL("DROP CONSTRAINT ") + SQL(identifier: check.name)))
    statements.append(of(whole, SQL("ADD PRIMARY KEY ") + SQL(columns: table.key)))
    statements += table.indexes.map { table.create($0, .postgres) }
    if let words = table.words { statements.append(words.postgresIndex(false).text(.postgres)) }
    for column in table.columns {
      if let reference = column.reference { statements.append(table.addReference(reference, on: column.name, isNew: true)) }
    }
    statements.append(of(whole, SQL("ATTACH PARTITION ") + part + SQL(" ") + first.bounds))
    statements.append(of(part, SQL("DROP CONSTRAINT ") + SQL(identifier: check.name)))
    statements += calendar.missing(beside: [first], at: cut).map(table.create)
    statements += referring.map { $0.table.addReference($0.reference, on: $0.column, isNew: false) }
    return statements
  }

  /// What refers to a table by a foreign key of ours.
  private func references(
    to table: TableDefinition
  ) -> [(table: TableDefinition, column: String, reference: ReferenceDefinition)] {
    wanted.filter(\.isManaged).flatMap { other in
      other.columns.compactMap { column in
        guard let reference = column.reference, reference.table == table.name, reference.schema == table.schema, other.name != table.name,
          live.table(other.name, schema: other.schema)?.column(column.name) != nil
        else { return nil }
        return (other, column.name, reference)
      }
    }
  }

  /// What would stay with the first part alone, or look at it alone: grants, policies, triggers, views, foreign keys of others.
  private func isTiedToOthers(_ table: TableDefinition) -> SchemaChange.Probe {
    let name = SQL(literal: SQL(table: table.name, schema: table.schema).text(.postgres)) + SQL("::regclass")
    var sql =
      SQL("SELECT 1 FROM pg_class AS c WHERE c.oid = ") + name
      + SQL(" AND (c.relacl IS NOT NULL OR c.relrowsecurity OR EXISTS (SELECT 1 FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT ")
      + SQL("g.tgisinternal) OR EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass) ")
      + SQL("OR EXISTS (SELECT 1 FROM pg_publication_rel AS p WHERE p.prrelid = c.oid) ")
      + SQL("OR EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.confrelid = c.oid AND k.conname NOT IN (''")
    for referrer in references(to: table) { sql = sql + SQL(", ") + SQL(literal: referrer.reference.name) }
    sql = sql + SQL("))) LIMIT 1")
    return SchemaChange.Probe(
      statement: sql.text(.postgres),
      finding: "others gave it grants, policies, triggers, views, a publication or foreign keys, which would not follow: take them away "
        + "first, and give them to the whole afterwards")
  }

  /// Begins as Martlet's conditions do: a contract that does not want the table in parts any more drops it.
  private static let prefix = "ck_martlet_cut_"

  static func name(ofCut time: Timestamp) -> String { prefix + String(time.microseconds.dividedFloor(by: 1000)) }

  /// The milliseconds that such a condition's name tells.
  static func cut(inNameOf check: String) -> Int64? {
    guard check.hasPrefix(prefix), let number = Int64(check.dropFirst(prefix.count)), (0..<253_402_300_800_000).contains(number) else {
      return nil
    }
    return number
  }
}
