import Base

/// All events in their global order: positions from 1 without a gap, in which no two events of a record ever swap, and nothing
/// comes before what was answered before it began. See docs/decisions/009-events.md.
///
/// On SQLite the rows' own numbers are the positions. On PostgreSQL those are given here, when somebody asks for events.
package struct EventStream: Sendable {
  /// One event's place in the order, and its row's number.
  package struct Place: Sendable, Equatable {
    package let position: Int64
    package let event: Int64
  }

  /// Positions given in one transaction, beside those of events whose transactions had been overtaken.
  package static let stepMax = 1_000

  private let dialect: Dialect
  private let numbering: [PreparedSQL]
  private let page: ReadStatement

  package init(dialect: Dialect) {
    self.dialect = dialect
    numbering = dialect == .postgres ? [EventStream.lock(), EventStream.begin(), EventStream.number()] : []
    var builder = StatementBuilder()
    builder.text(
      dialect == .sqlite
        ? "SELECT t.position, t.position AS event FROM _martlet_events AS t WHERE t.position > "
        : "SELECT t.position, t.event FROM _martlet_positions AS t WHERE t.position > ")
    builder.slot(.integer)
    builder.text(" ORDER BY t.position LIMIT ")
    builder.slot(.integer)
    let captures = [0, 1].map { RowEncoding.Capture(column: $0, kind: .integer) }
    page = ReadStatement(
      prepared: builder.prepared(for: dialect), encoding: RowEncoding(fields: [], captures: captures), rowsMax: EventStream.stepMax)
  }

  /// At most `limit` (up to `stepMax`) places beyond a position, in their order: all that was committed when it was called, as
  /// far as that goes. Several processes may call it at once.
  package func places(after position: Int64, limit: Int, in store: any Store) async throws(StoreError) -> [Place] {
    if !numbering.isEmpty {
      let outcome = try await store.write(
        WriteBatch([
          .guarding(numbering[0].statement, numbering[0].values()), .run(numbering[1].statement, numbering[1].values(), rows: nil),
          .run(numbering[2].statement, numbering[2].values(), rows: nil),
        ]))
      guard case .committed = outcome else { throw StoreError(.invalidStatement, "positions of events: \(outcome)") }
    }
    let rows = try await store.read(
      page.query([.integer(position), .integer(Int64(min(max(limit, 0), EventStream.stepMax)))]))
    return stride(from: 0, to: rows.captured.count - 1, by: 2).compactMap { place in
      guard case .integer(let position) = rows.captured[place], case .integer(let event) = rows.captured[place + 1] else { return nil }
      return Place(position: position, event: event)
    }
  }

  // MARK: PostgreSQL

  private static func begin() -> PreparedSQL {
    SQL(
      """
      INSERT INTO _martlet_numbering (name, last, seen, gaps, old_gaps, horizon) VALUES ('events', 0, 0, '{}', '{}', '0') \
      ON CONFLICT (name) DO NOTHING
      """
    ).statement(for: .postgres)
  }

  /// One at a time. What follows has snapshots of its own, taken when this lock is held, and a transaction id of its own, given
  /// after the look before this one has ended: an advisory lock needs no id, as a row's would.
  private static func lock() -> PreparedSQL {
    SQL("SELECT 0 FROM pg_advisory_xact_lock(1296126069, hashtext(current_schema())) AS held").statement(for: .postgres)
  }

  /// Numbers what its snapshot sees: events beyond the highest that was seen, and those in the gaps below it, which belonged to
  /// transactions that had not ended then. A gap that every transaction of its time has left without an event stays one for
  /// ever: `old_gaps` are some that an earlier look saw, and `horizon` is an id that was given after that look, so that whoever
  /// took a number below it has an older one (an event is written after its record: its transaction has its id before the event
  /// has its number). Nothing that could fill them runs any more once the oldest running transaction is not older than `horizon`.
  ///
  /// A snapshot's own end (`pg_snapshot_xmax`) would not do for that: it is where the ids end that are *over*, and ids beyond it
  /// may be running.
  private static func number() -> PreparedSQL {
    var sql = SQL(
      """
      WITH state AS (
        SELECT last, seen, gaps::int8multirange AS gaps, old_gaps::int8multirange AS old_gaps, horizon::xid8 AS horizon
        FROM _martlet_numbering WHERE name = 'events'),
      found AS (
        (SELECT e.position FROM state, unnest(state.gaps) AS gap, _martlet_events AS e
          WHERE e.position >= lower(gap) AND e.position < upper(gap))
        UNION ALL
        (SELECT e.position FROM state, _martlet_events AS e WHERE e.position > state.seen ORDER BY e.position LIMIT 
      """)
    sql.append(stepMax)
    sql.append(
      """
      )),
      given AS (
        INSERT INTO _martlet_positions (position, event)
        SELECT state.last + row_number() OVER (ORDER BY found.position), found.position FROM found, state),
      total AS (
        SELECT count(*) AS number, greatest(max(found.position), (SELECT seen FROM state)) AS seen,
          coalesce(range_agg(int8range(found.position, found.position + 1)), '{}') AS taken
        FROM found),
      next AS (
        SELECT state.last + total.number AS last, total.seen AS seen, state.old_gaps AS old_gaps,
          state.gaps + int8multirange(int8range(state.seen + 1, total.seen + 1)) - total.taken AS gaps,
          state.gaps - total.taken AS seen_gaps, state.horizon <= pg_snapshot_xmin(pg_current_snapshot()) AS is_over
        FROM state, total)
      UPDATE _martlet_numbering AS n SET last = next.last, seen = next.seen,
        gaps = (CASE WHEN next.is_over THEN next.gaps - next.old_gaps ELSE next.gaps END)::text,
        old_gaps = (CASE WHEN next.is_over THEN next.seen_gaps - next.old_gaps ELSE next.old_gaps END)::text,
        horizon = CASE WHEN next.is_over THEN pg_current_xact_id()::text ELSE n.horizon END
      FROM next WHERE n.name = 'events'
      """)
    return sql.statement(for: .postgres)
  }
}
