package import Base

/// Reads the events of one record by the index that orders them.
package struct EventStatements: Sendable {
  /// Newest first, and oldest first. Slots: the resource's names, the record, the time from which (inclusive), the time up to
  /// which (exclusive), how many. Captures what `StoredEvent` reads.
  package let newest: ReadStatement
  package let oldest: ReadStatement
  /// One row where the record was deleted after a time. Slots: the resource's names, the record, the time.
  package let deletion: ReadStatement

  /// Events of one page, and one more.
  package static let rowsMax = 101

  /// - Parameter names: by how many names the resource is known: two where it was renamed.
  init(dialect: Dialect, names: Int) {
    newest = EventStatements.page(dialect, names: names, isDescending: true)
    oldest = EventStatements.page(dialect, names: names, isDescending: false)
    var builder = StatementBuilder()
    builder.text("SELECT 1 FROM ")
    builder.events(names: names)
    builder.text(" AND t.time > ")
    builder.slot(.timestamp)
    builder.text(" AND t.after IS NULL LIMIT 1")
    deletion = ReadStatement(
      prepared: builder.prepared(for: dialect), encoding: RowEncoding(fields: [], captures: []), rowsMax: 1)
  }

  private static func page(_ dialect: Dialect, names: Int, isDescending: Bool) -> ReadStatement {
    let columns = ["time", "revision", "action", "actor", "before", "after", "request", "cause"].compactMap { name in
      EngineTable.events.columns.first { $0.name == name }
    }
    var builder = StatementBuilder()
    builder.text("SELECT ")
    builder.list(columns) { $0.column($1.name) }
    builder.text(" FROM ")
    builder.events(names: names)
    builder.text(" AND t.time >= ")
    builder.slot(.timestamp)
    builder.text(" AND t.time < ")
    builder.slot(.timestamp)
    builder.text(isDescending ? " ORDER BY t.time DESC LIMIT " : " ORDER BY t.time LIMIT ")
    builder.slot(.integer)
    let captures = columns.enumerated().map { RowEncoding.Capture(column: $0.offset, kind: $0.element.kind) }
    return ReadStatement(
      prepared: builder.prepared(for: dialect), encoding: RowEncoding(fields: [], captures: captures), rowsMax: rowsMax)
  }
}

extension StatementBuilder {
  /// `_martlet_events AS t WHERE` resource and record.
  fileprivate mutating func events(names: Int) {
    identifier(EngineTable.events.name)
    text(names == 1 ? " AS t WHERE t.resource = " : " AS t WHERE t.resource IN (")
    list(0..<names) { builder, _ in builder.slot(.text) }
    text(names == 1 ? " AND t.record = " : ") AND t.record = ")
    slot(.text)
  }
}

/// One event as it was read.
package struct StoredEvent: Sendable {
  package let time: Timestamp
  package let revision: Int64?
  package let action: String
  package let actor: UUID?
  /// JSON text; nil for a creation.
  package let before: [UInt8]?
  /// JSON text; nil for a deletion.
  package let after: [UInt8]?
  /// The request's id; empty where none is known.
  package let request: String
  /// The record whose deletion brought it about, as RESOURCE/ID.
  package let cause: String?

  private static let columns = 8

  /// The rows of `newest` or `oldest`, in their order.
  package static func events(_ rows: Rows) -> [StoredEvent] {
    stride(from: 0, to: rows.captured.count, by: columns).compactMap {
      StoredEvent(rows.captured[$0..<min($0 + columns, rows.captured.count)])
    }
  }

  private init?(_ values: ArraySlice<Value>) {
    let values = Array(values)
    guard values.count == StoredEvent.columns, case .timestamp(let time) = values[0], case .string(let action) = values[2] else {
      return nil
    }
    self.time = time
    self.action = action
    if case .integer(let number) = values[1] { revision = number } else { revision = nil }
    if case .uuid(let id) = values[3] { actor = id } else { actor = nil }
    if case .json(let text) = values[4] { before = text } else { before = nil }
    if case .json(let text) = values[5] { after = text } else { after = nil }
    if case .string(let id) = values[6] { request = id } else { request = "" }
    if case .string(let name) = values[7] { cause = name } else { cause = nil }
  }
}
