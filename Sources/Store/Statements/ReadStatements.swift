package import Base

/// A read that is ready to run: bind values in the order of its slots.
package struct ReadStatement: Sendable {
  package let prepared: PreparedSQL
  package let encoding: RowEncoding
  package let rowsMax: Int

  package func query(_ slots: [Value]) -> Query {
    Query(prepared.statement, prepared.values(slots), encoding: encoding, rowsMax: rowsMax)
  }
}

/// Builds the statements that read one resource's table.
package struct ReadStatements: Sendable {
  package let dialect: Dialect
  package let table: TableLayout
  /// Every column as the store holds it, where a table has no revision and its columns may hold a value in several forms (a
  /// moment as any of SQLite's texts, a type of PostgreSQL's that it compares with nothing): read beside the record, so that a change finds the row by what is there.
  package let storedColumns: [ColumnLayout]

  package init(dialect: Dialect, table: TableLayout) {
    self.dialect = dialect
    self.table = table
    storedColumns =
      table.hasRevision || (dialect == .postgres && table.allColumns.allSatisfy { $0.form == .plain })
      ? []
      : table.allColumns.map {
        ColumnLayout(name: $0.name, kind: .stored, isNullable: true, form: dialect == .postgres ? .stored : .plain)
      }
  }

  /// One record by its key. Slots: the projection's, the key, the rule's.
  ///
  package func item(_ projection: Projection, rule: Predicate?, among which: Standing = .living) -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT ")
    let encoding = projection.append(to: &builder, table: table)
    builder.text(" FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.keyEquals(table.key)
    builder.and(which, of: table)
    builder.and(rule)
    return ReadStatement(prepared: builder.prepared(for: dialect, isShared: true), encoding: encoding, rowsMax: 1)
  }

  /// Records by a one-column key, in any order. Slots: the projection's, `count` keys, the rule's.
  package func items(_ projection: Projection, count: Int, rule: Predicate?) -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT ")
    let encoding = projection.append(to: &builder, table: table)
    builder.text(" FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.column(table.key[0].name)
    builder.text(" IN (")
    builder.list(0..<count) { builder, _ in builder.slot(table.key[0]) }
    builder.text(")")
    builder.and(.living, of: table)
    builder.and(rule)
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: count)
  }

  /// At most `limit` records of each of `count` parents, newest key first within a parent: one statement, whatever the
  /// number of parents. Slots: the parents' keys, the projection's, the rule's.
  package func children(_ projection: Projection, by ref: FieldLayout, count: Int, limit: Int, rule: Predicate?) -> ReadStatement {
    var builder = StatementBuilder()
    let column = ref.columns[0]
    builder.text("WITH p(parent) AS (VALUES ")
    builder.list(0..<count) { builder, _ in
      builder.text("(")
      builder.slot(column)
      builder.text(")")
    }
    builder.text(") SELECT ")
    let encoding = projection.append(to: &builder, table: table)
    builder.text(" FROM p CROSS JOIN ")
    builder.table(table)
    // The whole key, as a row value where it has several parts: one part alone would let in rows of other parents.
    builder.text(table.key.count > 1 ? " AS t WHERE (" : " AS t WHERE ")
    keyColumns(&builder)
    builder.text(table.key.count > 1 ? ") IN (SELECT " : " IN (SELECT ")
    keyColumns(&builder)
    builder.text(" FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.column(column.name)
    builder.text(" = p.parent")
    if table.mayLackKey {
      builder.text(" AND ")
      builder.keyIsThere(table.key)
    }
    builder.and(.living, of: table)
    builder.and(rule)
    builder.text(" ORDER BY ")
    keyColumns(&builder, descending: true)
    builder.text(" LIMIT ")
    builder.number(limit)
    builder.text(") ORDER BY p.parent, ")
    keyColumns(&builder, descending: true)
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: count * limit)
  }

  /// Whole records that refer to any of `WriteStatements.parentsMax` keys through that field, each followed by its
  /// `storedColumns`. Slots: the keys, then the time where those are meant that were deleted at one.
  package func referrers(by ref: FieldLayout, among which: Standing, limit: Int) -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT ")
    let captures = table.fields.indices.map { Projection.Captured.field($0) } + storedColumns.map { .column($0) }
    let encoding = Projection(members: [], captures: captures).append(to: &builder, table: table)
    builder.text(" FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.refersToParents(ref)
    builder.and(which, of: table)
    builder.text(" LIMIT ")
    builder.number(limit)
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: limit)
  }

  private func keyColumns(_ builder: inout StatementBuilder, descending: Bool = false) {
    builder.list(0..<table.key.count) { builder, place in
      builder.column(table.key[place].name)
      if descending { builder.text(" DESC") }
    }
  }

  /// The key of the row with these values in columns that are unique together. Slots: their values.
  package func key(where columns: [ColumnLayout]) -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT ")
    let encoding = Projection(members: [], captures: table.key.map { .column($0) }).append(to: &builder, table: table)
    builder.text(" FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.keyEquals(columns)
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: 1)
  }

  /// The highest key of a table whose one integer key grows by one; null where the table is empty.
  package func lastKey() -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT max(")
    builder.column(table.key[0].name)
    builder.text(") FROM ")
    builder.table(table)
    builder.text(" AS t")
    let encoding = RowEncoding(fields: [], captures: [RowEncoding.Capture(column: 0, kind: .integer)])
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: 1)
  }

  /// Whether rules hold for a row that is not stored (yet): its columns as parameters. Slots: the row's columns in
  /// the table's order, those of the row as it was read where rules `ofChange` are among them (alias `s`), then each
  /// predicate's. Yields one row of booleans.
  package func candidate(_ predicates: [Predicate], ofChange: Bool = false) -> ReadStatement {
    var builder = StatementBuilder()
    // The rows come first, so that their slots do: CTEs before the select list.
    builder.text("WITH candidate AS (")
    builder.row(table)
    if ofChange {
      builder.text("), stored AS (")
      builder.row(table)
    }
    builder.text(")")
    builder.text(" SELECT ")
    let encoding = Projection(members: [], captures: predicates.map { .predicate($0) }).append(to: &builder, table: table)
    builder.text(" FROM candidate AS t")
    if ofChange { builder.text(", stored AS s") }
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: 1)
  }
}

extension StatementBuilder {
  /// `AND t."deleted_at" IS NULL`, where deleted records are kept.
  mutating func and(_ which: Standing, of table: TableLayout) {
    guard let deletion = table.deletion, which != .all else { return }
    text(" AND ")
    column(deletion.name)
    if which == .living { return text(" IS NULL") }
    text(" = ")
    slot(deletion.kind)
  }

  mutating func and(_ predicate: Predicate?) {
    guard let predicate else { return }
    text(" AND ")
    self.predicate(predicate)
  }

  /// `SELECT ? AS "id", ...`: a row of parameters.
  mutating func row(_ table: TableLayout) {
    text("SELECT ")
    list(table.allColumns) { builder, column in
      builder.slot(column)
      builder.text(" AS ")
      builder.identifier(column.name)
    }
  }
}
