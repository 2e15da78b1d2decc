/// Statements over the engine's own tables.
package struct EngineStatements: Sendable {
  /// Slots: the columns of `EngineTable.events` without `position`.
  package let recordEvent: PreparedSQL
  /// Slots: the columns of `EngineTable.idempotency`.
  package let keepAnswer: PreparedSQL
  /// Slots: the scope. Captures fingerprint, status, etag, location, body, created_at.
  package let findAnswer: ReadStatement
  /// Slots: the scope, and the moment before which an answer is out of date.
  package let dropAnswer: PreparedSQL
  /// Slots: the moment before which answers are out of date. At most 1,000 at a time.
  package let expireAnswers: PreparedSQL

  package init(dialect: Dialect) {
    let events = EngineTable.events.columns.dropFirst()
    let answers = EngineTable.idempotency.columns
    recordEvent = EngineStatements.insert(EngineTable.events.name, Array(events), dialect)
    keepAnswer = EngineStatements.insert(EngineTable.idempotency.name, answers, dialect)

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
  }

  private static func insert(_ table: String, _ columns: [ColumnLayout], _ dialect: Dialect) -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("INSERT INTO ")
    builder.identifier(table)
    builder.text(" (")
    builder.list(columns) { $0.identifier($1.name) }
    builder.text(") VALUES (")
    builder.list(columns) { $0.slot($1.kind) }
    builder.text(")")
    return builder.prepared(for: dialect)
  }
}
