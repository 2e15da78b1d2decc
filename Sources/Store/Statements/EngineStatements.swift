/// Statements over the engine's own tables.
package struct EngineStatements: Sendable {
  /// Slots: the columns of `EngineTable.events` without `position`.
  package let recordEvent: PreparedSQL
  /// The same for a record whose last event may bear a later time than the slot says: its time follows that one's. The record
  /// is held by then, so that nobody else writes its events.
  package let recordEventAfterLast: PreparedSQL
  /// Of a resource, and of one that has two names because it was renamed.
  package let events: EventStatements
  package let eventsOfRenamed: EventStatements
  /// Slots: the columns of `EngineTable.idempotency`.
  package let keepAnswer: PreparedSQL
  /// Another state of what is kept. Slots: status, etag, location, body, created_at, then the scope and the etag that it has.
  package let moveAnswer: PreparedSQL
  /// Slots: the scope. Captures fingerprint, status, etag, location, body, created_at.
  package let findAnswer: ReadStatement
  /// Slots: the scope, and the moment before which an answer is out of date.
  package let dropAnswer: PreparedSQL
  /// Slots: the moment before which answers are out of date. At most 1,000 at a time.
  package let expireAnswers: PreparedSQL
  /// A row where there are answers that are out of date. Slots as above.
  package let hasExpired: ReadStatement
  package let retention: RetentionStatements

  package init(dialect: Dialect) {
    let events = EngineTable.events.columns.dropFirst()
    let answers = EngineTable.idempotency.columns
    recordEvent = EngineStatements.insert(EngineTable.events.name, Array(events), dialect)
    recordEventAfterLast = EngineStatements.insertEventAfterLast(Array(events), dialect)
    self.events = EventStatements(dialect: dialect, names: 1)
    eventsOfRenamed = EventStatements(dialect: dialect, names: 2)
    keepAnswer = EngineStatements.insert(EngineTable.idempotency.name, answers, dialect)

    var move = StatementBuilder()
    move.text("UPDATE ")
    move.identifier(EngineTable.idempotency.name)
    move.text(" SET ")
    move.list(answers.dropFirst(2)) { builder, column in
      builder.identifier(column.name)
      builder.text(" = ")
      builder.slot(column.kind)
    }
    move.text(" WHERE scope = ")
    move.slot(.bytes)
    move.text(" AND etag = ")
    move.slot(.text)
    moveAnswer = move.prepared(for: dialect)

    var find = StatementBuilder()
    find.text("SELECT ")
    find.list(answers.dropFirst()) { $0.column($1.name) }
    find.text(" FROM ")
    find.identifier(EngineTable.idempotency.name)
    find.text(" AS t WHERE t.scope = ")
    find.slot(.bytes)
    let captures = answers.dropFirst().enumerated().map { RowEncoding.Capture(column: $0.offset, kind: $0.element.kind) }
    findAnswer = ReadStatement(
      prepared: find.prepared(for: dialect), encoding: RowEncoding(fields: [], captures: captures), rowsMax: 1)

    var drop = StatementBuilder()
    drop.text("DELETE FROM ")
    drop.identifier(EngineTable.idempotency.name)
    drop.text(" WHERE scope = ")
    drop.slot(.bytes)
    drop.text(" AND created_at < ")
    drop.slot(.timestamp)
    dropAnswer = drop.prepared(for: dialect)

    var expire = StatementBuilder()
    expire.text("DELETE FROM ")
    expire.identifier(EngineTable.idempotency.name)
    expire.text(" WHERE scope IN (SELECT scope FROM ")
    expire.identifier(EngineTable.idempotency.name)
    expire.text(" WHERE created_at < ")
    expire.slot(.timestamp)
    expire.text(" LIMIT 1000)")
    expireAnswers = expire.prepared(for: dialect)

    var expired = StatementBuilder()
    expired.text("SELECT 1 FROM ")
    expired.identifier(EngineTable.idempotency.name)
    expired.text(" WHERE created_at < ")
    expired.slot(.timestamp)
    expired.text(" LIMIT 1")
    hasExpired = ReadStatement(
      prepared: expired.prepared(for: dialect), encoding: RowEncoding(fields: [], captures: []), rowsMax: 1)
    retention = RetentionStatements(dialect: dialect)
  }

  private static func insert(_ table: String, _ columns: [ColumnLayout], _ dialect: Dialect) -> PreparedSQL {
    insert(table, columns, dialect) { $0.slot($1.kind) }
  }

  private static func insert(
    _ table: String, _ columns: [ColumnLayout], _ dialect: Dialect, _ value: (inout StatementBuilder, ColumnLayout) -> Void
  ) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("INSERT INTO ")
    builder.identifier(table)
    builder.text(" (")
    builder.list(columns) { $0.identifier($1.name) }
    builder.text(") VALUES (")
    builder.list(columns, value)
    builder.text(")")
    return builder.prepared(for: dialect)
  }

  private static func insertEventAfterLast(_ columns: [ColumnLayout], _ dialect: Dialect) -> PreparedSQL {
    let places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1.name, $0) })
    return insert(EngineTable.events.name, columns, dialect) { builder, column in
      guard column.name == "time", let resource = places["resource"], let record = places["record"] else {
        return builder.slot(column.kind)
      }
      let time = builder.slots
      builder.text(dialect == .sqlite ? "max(" : "greatest(")
      builder.slot(column.kind)
      builder.text(", coalesce((SELECT max(t.time) FROM ")
      builder.identifier(EngineTable.events.name)
      builder.text(" AS t WHERE t.resource = ")
      builder.slot(.text, number: resource)
      builder.text(" AND t.record = ")
      builder.slot(.text, number: record)
      builder.text(dialect == .sqlite ? ") + 1, " : ") + interval '1 microsecond', ")
      builder.slot(column.kind, number: time)
      builder.text("))")
    }
  }
}
