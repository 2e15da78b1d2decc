/// PostgreSQL: in steps of which none keeps others waiting. What changes a table's definition takes its lock for a moment; what has
/// to look at its rows does so beside those who use them.
extension SchemaDifference {
  func postgresChanges(
    _ table: TableDefinition, _ found: LiveTable, _ conversions: [String: SchemaConversion], _ references: inout [SchemaChange]
  ) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    if let change = conversion(table, found, conversions) { changes.append(change) }
    // After the conversion: the default is of the new kind.
    changes += filling(table, found)
    for column in table.columns {
      guard let live = found.column(column.name) else {
        changes += addition(table, column)
        references += newReference(table, column, in: found)
        continue
      }
      changes += columnChanges(table, column, found, live)
      references += referenceChanges(table, column, found)
    }
    changes += checkChanges(table, found, conversions)
    for name in left(table, found) {
      changes.append(
        brief(
          table, "\(table.name).\(name) may be null", alter(table, SQL("ALTER COLUMN ") + SQL(identifier: name) + SQL(" DROP NOT NULL"))))
    }
    return changes
  }

  // MARK: columns

  private func addition(_ table: TableDefinition, _ column: ColumnDefinition) -> [SchemaChange] {
    var change = brief(table, "add column \(table.name).\(column.name)", table.addColumn(column, .postgres))
    if !column.isNullable, column.defaultLiteral == nil { change.probes = [isNotEmpty(table)] }
    change.reversal = reversal(ofAdding: column, to: table)
    guard let check = column.check else { return [change] }
    return [change, validation(table, check.name)]
  }

  /// Every column whose kind changes, in one statement: the rows are written once.
  private func conversion(
    _ table: TableDefinition, _ found: LiveTable, _ conversions: [String: SchemaConversion]
  ) -> SchemaChange? {
    let columns = table.columns.filter { conversions[$0.name] != nil }
    guard !columns.isEmpty else { return nil }
    var sql = SQL()
    func add(_ part: SQL) {
      if !sql.isEmpty { sql.append(", ") }
      sql.append(part)
    }
    // A condition or a default of the old kind would stand in the way.
    for name in found.checks.sorted() where name.hasPrefix("ck_") && !table.allChecks.contains(where: { $0.name == name }) {
      add(SQL("DROP CONSTRAINT ") + SQL(identifier: name))
    }
    var probes: [SchemaChange.Probe] = []
    for column in columns {
      guard let conversion = conversions[column.name] else { continue }
      let place = SQL("ALTER COLUMN ") + SQL(identifier: column.name)
      if found.column(column.name)?.defaultText != nil { add(place + SQL(" DROP DEFAULT")) }
      var type = place + SQL(" TYPE ")
      type.append(printed: column.type)
      if column.type == "text" { type.append(" COLLATE \"C\"") }
      add(type + SQL(" USING ") + conversion.expression)
      if let literal = column.defaultLiteral { add(place + SQL(" SET DEFAULT ") + literal) }
      if let misfit = conversion.misfit { probes.append(hasMisfit(table, column, misfit)) }
    }
    let kinds = columns.map { "\(table.name).\($0.name) to \($0.kind.recordName)" }.joined(separator: ", ")
    var change = brief(table, "change column \(kinds)", alter(table, sql))
    change.probes = probes
    change.safety = .rewrites
    change.reversal = .impossible
    change.caution = "processes that run the old contract would read other values than they expect"
    change.settlesRecord = true
    return change
  }

  private func columnChanges(
    _ table: TableDefinition, _ column: ColumnDefinition, _ found: LiveTable, _ live: LiveColumn
  ) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    let place = SQL("ALTER COLUMN ") + SQL(identifier: column.name)
    let helper = "_martlet_nn_" + String(UInt64.digest("\(table.name)\u{0}\(column.name)"), radix: 36)
    if live.type != column.type, let old = SchemaDifference.precision(live.type), let new = SchemaDifference.precision(column.type) {
      var type = place + SQL(" TYPE ")
      type.append(printed: column.type)
      var change = brief(table, "widen column \(table.name).\(column.name) to \(column.type)", alter(table, type))
      // More digits before the point change nothing that is stored; after it, every value.
      if old.scale != new.scale { change.safety = .rewrites }
      change.settlesRecord = true
      changes.append(change)
    }
    guard !table.key.contains(column.name) else { return changes }
    if live.isNullable, !column.isNullable {
      changes += requirement(table, column, found, helper)
    } else {
      if live.isNullable != column.isNullable {
        changes.append(brief(table, "\(table.name).\(column.name) may be null", alter(table, place + SQL(" DROP NOT NULL"))))
      }
      if found.checks.contains(helper) { changes.append(drop(constraint: helper, of: table)) }
    }
    return changes
  }

  /// `SET NOT NULL` reads every row under a lock, unless a condition that was looked at before says the same.
  private func requirement(
    _ table: TableDefinition, _ column: ColumnDefinition, _ found: LiveTable, _ helper: String
  ) -> [SchemaChange] {
    let name = "\(table.name).\(column.name)"
    var changes: [SchemaChange] = []
    let check = CheckDefinition(name: helper, condition: SQL(identifier: column.name) + SQL(" IS NOT NULL"))
    if !found.checks.contains(helper) {
      var change = brief(table, "\(name) takes no null", alter(table, SQL("ADD ") + TableDefinition.constraint(check) + SQL(" NOT VALID")))
      change.reversal = .statements([removal(of: helper, from: table)])
      changes.append(change)
    }
    // What was written since the rows were looked at.
    if isFilled(column, table, found) {
      for var change in filling(table, found) {
        change.description = "once more: " + change.description
        changes.append(change)
      }
    }
    if column.defaultLiteral == nil { changes.indices.first.map { changes[$0].probes = [hasNull(table, column.name)] } }
    changes.append(validation(table, helper))
    let place = SQL("ALTER COLUMN ") + SQL(identifier: column.name)
    var last = brief(
      table, "\(name) cannot be null",
      alter(table, place + SQL(" SET NOT NULL")), alter(table, SQL("DROP CONSTRAINT ") + SQL(identifier: helper)))
    last.reversal = .statements([alter(table, place + SQL(" DROP NOT NULL"))])
    changes.append(last)
    return changes
  }

  // MARK: conditions

  private func checkChanges(
    _ table: TableDefinition, _ found: LiveTable, _ conversions: [String: SchemaConversion]
  ) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    for check in table.allChecks {
      let column = table.columns.first { $0.check?.name == check.name }
      // A new column's own condition came with it.
      if let column, found.column(column.name) == nil { continue }
      let isThere = found.checks.contains(check.name)
      if isThere, !found.unvalidated.contains(check.name) { continue }
      let isNew = table.columns.contains { found.column($0.name) == nil || conversions[$0.name] != nil }
      if !isThere {
        var change = brief(
          table, "condition of \(table.name): \(check.condition.text(.postgres))",
          alter(table, SQL("ADD ") + TableDefinition.constraint(check) + SQL(" NOT VALID")))
        change.probes = isNew ? [] : [violates(table, check)]
        change.reversal = .statements([removal(of: check.name, from: table)])
        changes.append(change)
      }
      changes.append(validation(table, check.name))
    }
    guard conversions.isEmpty else { return changes }
    let kept = cutBegun(table, found).map { SchemaDifference.name(ofCut: $0) }
    for name in found.checks.sorted() where name != kept && name.hasPrefix("ck_") && !table.allChecks.contains(where: { $0.name == name }) {
      changes.append(drop(constraint: name, of: table))
    }
    return changes
  }

  func validation(_ table: TableDefinition, _ constraint: String) -> SchemaChange {
    SchemaChange(
      table: table.name, schema: table.schema, description: "look at the rows of \(table.name) for \(constraint)",
      statements: [alter(table, SQL("VALIDATE CONSTRAINT ") + SQL(identifier: constraint))], form: .online)
  }

  // MARK: references

  private func referenceChanges(_ table: TableDefinition, _ column: ColumnDefinition, _ found: LiveTable) -> [SchemaChange] {
    let standing = found.foreignKeys.filter { $0.columns == [column.name] }
    if let reference = column.reference,
      let same = standing.first(where: {
        $0.table == reference.table && $0.targets == [reference.column] && $0.onDelete == reference.onDelete
      })
    {
      guard let name = same.name, found.unvalidated.contains(name) else { return [] }
      return [validation(table, name)]
    }
    var changes: [SchemaChange] = []
    if found.cut != nil {
      changes = partedReference(table, column, found)
    } else if let change = addReference(table, column, toNew: false) {
      var probed = change
      probed.probes = [column.reference.flatMap { isOrphaned(table, column.name, $0) }].compactMap { $0 }
      changes = [probed] + [column.reference.map { validation(table, $0.name) }].compactMap { $0 }
    }
    // Foreign keys that somebody else made stay.
    let drops = standing.compactMap(\.name).filter { $0.hasPrefix("fk_") }.map { drop(constraint: $0, of: table) }
    let hasSameName = standing.contains { $0.name != nil && $0.name == column.reference?.name }
    return hasSameName ? drops + changes : changes + drops
  }

  /// Of a column or a table that is made by the same plan.
  func newReference(_ table: TableDefinition, _ column: ColumnDefinition, in found: LiveTable? = nil) -> [SchemaChange] {
    if let found, found.cut != nil { return partedReference(table, column, found) }
    guard let change = addReference(table, column, toNew: false), let reference = column.reference else { return [] }
    if table.calendar != nil { return [change] }
    return [change, validation(table, reference.name)]
  }

  /// - Parameter toNew: both tables are made by the same plan.
  func addReference(_ table: TableDefinition, _ column: ColumnDefinition, toNew: Bool) -> SchemaChange? {
    guard let reference = column.reference else { return nil }
    var change = brief(
      table, "\(table.name).\(column.name) refers to \(reference.table)",
      table.addReference(reference, on: column.name, isNew: toNew || table.calendar != nil))
    change.reversal = .statements([removal(of: reference.name, from: table)])
    if toNew { change.form = .together }
    return change
  }

  // MARK: pieces

  private func drop(constraint name: String, of table: TableDefinition) -> SchemaChange {
    brief(table, "drop constraint \(name) of \(table.name)", alter(table, SQL("DROP CONSTRAINT ") + SQL(identifier: name)))
  }

  func removal(of constraint: String, from table: TableDefinition) -> String {
    alter(table, SQL("DROP CONSTRAINT IF EXISTS ") + SQL(identifier: constraint))
  }

  func brief(_ table: TableDefinition, _ description: String, _ statements: String...) -> SchemaChange {
    SchemaChange(table: table.name, schema: table.schema, description: description, statements: statements, form: .brief)
  }

  func alter(_ table: TableDefinition, _ action: SQL) -> String {
    (SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" ") + action).text(.postgres)
  }
}
