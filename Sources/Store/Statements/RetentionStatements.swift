extension ReadStatements {
  /// What the records of a sweep are ordered by.
  package enum Age: Hashable, Sendable {
    /// The key tells when a record was made.
    case key
    /// `created_at`, which an index begins with, then the key.
    case creation
  }

  /// The oldest records, the deleted ones too, by an index. Captures every field, then `storedColumns`. Slots: where it goes on,
  /// the last record's `created_at` (of `.creation`) and its key; the key (of `.key`) or the time before which a record was made.
  package func aged(_ age: Age, goesOn: Bool, limit: Int) -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT ")
    let captures = table.fields.indices.map { Projection.Captured.field($0) } + storedColumns.map { .column($0) }
    let encoding = Projection(members: [], captures: captures).append(to: &builder, table: table)
    builder.text(" FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    let key = table.key[0]
    let time = table.place("created_at").map { table.fields[$0].columns[0] }
    let order = [age == .creation ? time : nil, key].compactMap(\.self)
    if goesOn {
      builder.text("(")
      builder.list(order) { $0.column($1.name) }
      builder.text(") > (")
      builder.list(order) { $0.slot($1.kind) }
      builder.text(") AND ")
    }
    let bounded = order[0]
    builder.column(bounded.name)
    builder.text(" < ")
    builder.slot(bounded.kind)
    builder.text(" ORDER BY ")
    builder.list(order) { $0.column($1.name) }
    builder.text(" LIMIT ")
    builder.number(limit)
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: limit)
  }
}

/// What retention does besides deleting rows.
package struct RetentionStatements: Sendable {
  /// PostgreSQL: a guard that lets one transaction of all processes through at a time. Nil elsewhere: there is one writer.
  package let turn: PreparedSQL?
  /// Takes the values out of a record's events. Slots: the resource's name, the record.
  package let erase: PreparedSQL
  /// The same for the oldest of those that hold values, `erasedMax` of them.
  package let eraseOldest: PreparedSQL
  /// A row where a record has more than `erasedMax` events that hold values. Slots as above.
  package let isLong: ReadStatement

  /// Events that are changed in one transaction.
  package static let erasedMax = 500

  init(dialect: Dialect) {
    turn =
      dialect == .postgres
      ? SQL("SELECT CASE WHEN pg_try_advisory_xact_lock(1296126069, hashtext(current_schema())) THEN 0 ELSE 3 END").statement(for: dialect)
      : nil
    var erase = StatementBuilder()
    erase.eraseEvents(dialect)
    erase.text(" WHERE resource = ")
    erase.slot(.text)
    erase.text(" AND record = ")
    erase.slot(.text)
    self.erase = erase.prepared(for: dialect)

    var oldest = StatementBuilder()
    oldest.eraseEvents(dialect)
    oldest.text(" WHERE position IN (SELECT t.position FROM ")
    oldest.filledEvents(dialect)
    oldest.text(" ORDER BY t.time LIMIT ")
    oldest.number(RetentionStatements.erasedMax)
    oldest.text(")")
    eraseOldest = oldest.prepared(for: dialect)

    var long = StatementBuilder()
    long.text("SELECT 1 FROM ")
    long.filledEvents(dialect)
    long.text(" LIMIT 1 OFFSET ")
    long.number(RetentionStatements.erasedMax)
    isLong = ReadStatement(prepared: long.prepared(for: dialect), encoding: RowEncoding(fields: [], captures: []), rowsMax: 1)
  }
}

extension StatementBuilder {
  /// What was null stays so: it tells a creation and a deletion.
  fileprivate mutating func eraseEvents(_ dialect: Dialect) {
    text("UPDATE ")
    identifier(EngineTable.events.name)
    text(" SET ")
    list(["before", "after"]) { builder, name in
      builder.identifier(name)
      builder.text(" = CASE WHEN ")
      builder.identifier(name)
      builder.text(dialect == .sqlite ? " IS NULL THEN NULL ELSE '{}' END" : " IS NULL THEN NULL ELSE '{}'::jsonb END")
    }
  }

  fileprivate mutating func filledEvents(_ dialect: Dialect) {
    identifier(EngineTable.events.name)
    text(" AS t WHERE t.resource = ")
    slot(.text)
    text(" AND t.record = ")
    slot(.text)
    text(" AND (")
    list(["before", "after"], separator: " OR ") { builder, name in
      builder.column(name)
      builder.text(dialect == .sqlite ? " <> '{}'" : "::text <> '{}'")
    }
    text(")")
  }
}
