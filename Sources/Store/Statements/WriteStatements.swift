package import Base

/// Builds the statements that change one resource's table, and the guards that go before them.
package struct WriteStatements: Sendable {
  package let dialect: Dialect
  package let table: TableLayout

  package init(dialect: Dialect, table: TableLayout) {
    self.dialect = dialect
    self.table = table
  }

  /// Slots: the columns' values in the order given. With `returningKey` the key's columns come back.
  package func insert(_ columns: [ColumnLayout], returningKey: Bool) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("INSERT INTO ")
    builder.table(table)
    if columns.isEmpty {
      builder.text(" DEFAULT VALUES")
    } else {
      builder.text(" (")
      builder.list(columns) { $0.identifier($1.name) }
      builder.text(table.overridesNumbers ? ") OVERRIDING SYSTEM VALUE VALUES (" : ") VALUES (")
      builder.list(columns) { $0.slot($1) }
      builder.text(")")
    }
    if returningKey {
      builder.text(" RETURNING ")
      builder.list(table.key) { $0.identifier($1.name) }
    }
    return builder.prepared(for: dialect)
  }

  /// Slots: the new values, the key, then the values that must still be there (see `unchanged`).
  package func update(_ columns: [ColumnLayout], unchanged: [Unchanged]) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("UPDATE ")
    builder.table(table)
    builder.text(" AS t SET ")
    builder.list(columns) { builder, column in
      builder.identifier(column.name)
      builder.text(" = ")
      builder.slot(column)
    }
    builder.text(" WHERE ")
    builder.keyEquals(table.key)
    builder.unchanged(unchanged)
    return builder.prepared(for: dialect)
  }

  /// Slots: the key, then the values that must still be there.
  package func delete(unchanged: [Unchanged]) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("DELETE FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.keyEquals(table.key)
    builder.unchanged(unchanged)
    return builder.prepared(for: dialect)
  }

  /// The next value of the sequence that numbers the key. It is taken even where what runs this is undone.
  package func nextNumber(_ sequence: String) -> PreparedSQL {
    var sql = SQL("SELECT nextval(")
    sql.append(literal: sequence)
    sql.append("::regclass)")
    return sql.statement(for: dialect)
  }

  /// A column that must still hold what was read: the revision, or every column where there is none. A null takes no slot.
  package struct Unchanged: Sendable {
    package var column: ColumnLayout
    package var isNull: Bool
    package init(column: ColumnLayout, isNull: Bool) {
      self.column = column
      self.isNull = isNull
    }
  }

  /// The row is still as it was read. PostgreSQL holds it until the transaction ends (SQLite has one writer): what refers to
  /// a row that is held for deletion waits. Slots: the values that must still be there, the key.
  package func rowLock(unchanged: [Unchanged], isDeleted: Bool) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("SELECT CASE WHEN true")
    builder.unchanged(unchanged)
    builder.text(" THEN 0 ELSE ")
    builder.number(GuardCode.stale.rawValue)
    builder.text(" END FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.keyEquals(table.key)
    if dialect == .postgres { builder.text(isDeleted ? " FOR UPDATE" : " FOR NO KEY UPDATE") }
    return builder.prepared(for: dialect)
  }

  /// The stored row still fulfils the rule. Slots: the rule's, the key.
  package func rowGuard(_ rule: Predicate) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("SELECT CASE WHEN ")
    builder.predicate(rule)
    builder.text(" THEN 0 ELSE ")
    builder.number(GuardCode.denied.rawValue)
    builder.text(" END FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.keyEquals(table.key)
    return builder.prepared(for: dialect)
  }

  /// The row as it would become fulfils the rule; `ofChange`, it and the stored row (`s`) do. Slots: the row's columns
  /// (`allColumns`), the rule's, then the key `ofChange`.
  package func candidateGuard(_ rule: Predicate, ofChange: Bool = false) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("WITH candidate AS (")
    builder.row(table)
    builder.text(") SELECT CASE WHEN ")
    builder.predicate(rule)
    builder.text(" THEN 0 ELSE ")
    builder.number(GuardCode.denied.rawValue)
    builder.text(" END FROM candidate AS t")
    if ofChange {
      builder.text(", ")
      builder.table(table)
      builder.text(" AS s WHERE ")
      builder.keyEquals(table.key, alias: "s.")
    }
    return builder.prepared(for: dialect)
  }

  /// This table holds a living row with that key, and the caller may see it. Slots: the key, the rule's.
  package func referenceGuard(rule: Predicate?) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("SELECT CASE WHEN EXISTS (SELECT 1 FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.keyEquals(table.key)
    builder.and(.living, of: table)
    builder.and(rule)
    // The foreign key itself holds the row against removal, but not against what is only a change of it.
    if rule != nil || table.deletion != nil, dialect == .postgres, table.isLockable { builder.text(" FOR SHARE OF t") }
    builder.text(") THEN 0 ELSE ")
    builder.number(GuardCode.brokenReference.rawValue)
    builder.text(" END")
    return builder.prepared(for: dialect)
  }

  /// Parents that one statement asks about.
  package static let parentsMax = 32

  /// Keys of parents, as many as a statement has slots: the last one fills up.
  package static func padded(_ keys: [Value]) -> [Value] {
    keys + Array(repeating: keys.last ?? .null, count: max(0, parentsMax - keys.count))
  }

  /// So many rows refer to any of the parents through that field. Slots: `parentsMax` keys, the number. Not more than
  /// `limit` rows are counted.
  package func census(_ ref: FieldLayout, among which: Standing, limit: Int) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("SELECT CASE WHEN (SELECT count(*) FROM (SELECT 1 AS one FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.refersToParents(ref)
    builder.and(which, of: table)
    builder.text(" LIMIT ")
    builder.number(limit)
    builder.text(") AS counted) = ")
    builder.slot(.integer)
    builder.text(" THEN 0 ELSE ")
    builder.number(GuardCode.stale.rawValue)
    builder.text(" END")
    return builder.prepared(for: dialect)
  }

  /// Whether any row, deleted or not, refers to a key through that field. Slots: the key. Yields at most one row, without columns.
  package func referrer(_ ref: FieldLayout) -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT 1 FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.equals(ref.columns[0])
    builder.text(" LIMIT 1")
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: RowEncoding(fields: [], captures: []), rowsMax: 1)
  }
}

extension StatementBuilder {
  /// `t."ref" IN (?, ...)`
  mutating func refersToParents(_ ref: FieldLayout) {
    column(ref.columns[0].name)
    text(" IN (")
    list(0..<WriteStatements.parentsMax) { builder, _ in builder.slot(ref.columns[0]) }
    text(")")
  }

  mutating func unchanged(_ columns: [WriteStatements.Unchanged]) {
    for unchanged in columns {
      text(" AND ")
      if unchanged.isNull {
        column(unchanged.column.name)
        text(" IS NULL")
      } else {
        equals(unchanged.column)
      }
    }
  }
}
