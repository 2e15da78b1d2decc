import Base
import Contract
import Identity
import JSON
import PostgresStore
import Service
import Store
import Testing

/// `partition`: the same answers on every store; on PostgreSQL a read meets the parts that it needs.
@Suite struct PartTests {
  private static let contract = """
    martlet: 1
    service: {name: shop, version: v1}
    resources:
      orders:
        partition: {by: created_at, every: day, keep: 3}
        history: true
        filterable: [note]
        indexes: [[-created_at]]
        fields:
          note: {type: string, personal: true}
          rank: {type: integer, index: true}
          lines: {many: lines, by: order}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
      lines:
        fields: {order: {ref: orders, on_delete: cascade}, text: string}
        access: {create: anyone, read: anyone}
      receipts:
        fields: {order: {ref: orders, on_delete: restrict}}
        access: {create: anyone, read: anyone, delete: anyone}
    """

  private static let day: Int64 = 86_400

  private func keep(_ bench: Bench) async throws {
    _ = try await PartKeeper(clock: bench.clock).keep(bench.store, bench.contract) { _ in }
  }

  private func sweep(_ bench: Bench) async throws -> [Int] {
    var sweep = RetentionSweep()
    var sum = [0, 0]
    while let step = try await bench.engine.retain(&sweep) { sum = [sum[0] + step.deleted, sum[1] + step.kept] }
    return sum
  }

  private func ids(_ bench: Bench, _ change: (inout ListParameters) -> Void = { _ in }) async throws -> [String] {
    try await bench.list("orders", change).rows.map(\.id)
  }

  @Test(arguments: BenchStore.withParts)
  func keepIsKeptByDeletionsThatObeyWhatTheContractSays(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let first = try await bench.create("orders", #"{"note": "Secret", "rank": 1}"#)
      _ = try await bench.perform(.update, "orders", first.id, body: #"{"note": "Other"}"#)
      _ = try await bench.create("lines", ##"{"order": "\##(first.id)", "text": "x"}"##)
      let held = try await bench.create("orders", #"{"note": "Held", "rank": 2}"#)
      let receipt = try await bench.create("receipts", ##"{"order": "\##(held.id)"}"##)
      bench.clock.advance(seconds: Self.day)
      let second = try await bench.create("orders", #"{"note": "Next", "rank": 1}"#)
      bench.clock.advance(seconds: Self.day)
      try await keep(bench)
      #expect(try await sweep(bench) == [0, 0])
      // Midnight: three days are kept, today's among them.
      bench.clock.advance(seconds: Self.day)
      try await keep(bench)
      #expect(try await sweep(bench) == [1, 1])
      #expect(try await ids(bench) == [second.id, held.id])
      #expect(try await bench.store.inspect("SELECT count(*) FROM lines", []) == [["0"]])
      let events = try await bench.store.inspect(
        "SELECT action, \"before\", \"after\", cause FROM _martlet_events WHERE record = '\(first.id)' ORDER BY position", [])
      #expect(events.map { $0[0] } == ["create", "update", "delete"] && events.last?[3] == "retention")
      #expect(!events.contains { ($0[1] ?? "").contains("Secret") || ($0[2] ?? "").contains("Other") })
      // Who lets go lets it go.
      _ = try await bench.perform(.delete, "receipts", receipt.id)
      bench.clock.advance(seconds: Self.day)
      #expect(try await sweep(bench) == [2, 0])
      bench.clock.advance(seconds: Self.day)
      try await keep(bench)
      #expect(try await ids(bench).isEmpty)
      guard bench.store.dialect == .postgres else { return }
      let oldest = try await bench.store.inspect(
        "SELECT min(c.relname::text) FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid WHERE h.inhparent = 'orders'::regclass",
        [])
      #expect(oldest == [["orders_p20260303"]])
    }
  }

  /// The parts with rows in them that a request's statements looked into.
  private func parts(_ bench: Bench, _ watched: WatchedStore, since start: Int) async throws -> [Set<String>] {
    var found: [Set<String>] = []
    for (statement, values) in watched.statements.dropFirst(start) {
      let text = bench.store.dialect.explanation(of: statement).replacing("EXPLAIN ", with: "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) ")
      let lines = try await bench.store.inspect(text, values).map { $0[0] ?? "" }
      let met = lines.filter { $0.contains("orders_p") && !$0.contains("never executed") && $0.contains("Scan") }
      // On the way to the newest the empty ones ahead are looked into.
      found.append(
        Set(["20260301", "20260302", "20260303", "20260304"]).intersection(
          met.compactMap { line in line.firstRange(of: " on orders_p").map { String(line[$0.upperBound...].prefix(8)) } }))
      let marked = QueryPlan(
        try await bench.store.inspect(bench.store.dialect.explanation(of: statement), values), of: statement, dialect: .postgres)
      #expect(marked.steps.filter(\.readsWholeTable).isEmpty, "\(marked.steps)")
    }
    return found
  }

  @Test(.enabled(if: BenchStore.postgresURL != nil)) func aPageAndARecordMeetTheirPartsAlone() async throws {
    try await BenchStore.postgres.run(Self.contract) { bench in
      var ids: [String] = []
      for day in 1...4 {
        let time = "timestamptz '2026-03-0\(day) 12:00:00Z'"
        ids = try await bench.store.inspect(
          "SELECT (lpad(to_hex((extract(epoch FROM \(time)) * 1000)::bigint + g), 12, '0') || '70008000' || lpad(to_hex(g), 12, '0'))::uuid::text "
            + "FROM generate_series(1, 500) AS g ORDER BY 1", []
        ).compactMap { $0[0] }
        let rows = ids.map { "('\($0)', 'n', 1, '2026-03-0\(day)T12:00:00Z', '2026-03-0\(day)T12:00:00Z', 1)" }.joined(separator: ", ")
        try await bench.store.define(["INSERT INTO orders (id, note, rank, created_at, updated_at, revision) VALUES \(rows)"])
      }
      let last = ids[ids.count - 5]
      let watched = WatchedStore(bench.store)
      let other = try await Bench(Self.contract, on: watched)
      func asked(_ body: () async throws -> Void) async throws -> [Set<String>] {
        let start = watched.statements.count
        try await body()
        return try await parts(bench, watched, since: start)
      }
      #expect(try await asked { _ = try await other.perform(.read(ReadParameters()), "orders", last) } == [["20260304"]])
      // The newest come first.
      #expect(try await asked { _ = try await other.list("orders") { $0.limit = "10" } } == [["20260304"]])
      #expect(
        try await asked {
          _ = try await other.list("orders") {
            $0.limit = "10"
            $0.sort = "id"
          }
        } == [["20260301"]])
      // A page by its cursor goes from one day into the next, and no further.
      var cursor: String?
      for _ in 0..<6 {
        cursor = try await other.list("orders") {
          $0.limit = "99"
          $0.after = cursor
        }.page("next").stringValue
      }
      #expect(
        try await asked {
          _ = try await other.list("orders") {
            $0.limit = "10"
            $0.after = cursor
          }
        } == [["20260303"]])
      // An order of its own has the first rows of each part, and no more.
      let start = watched.statements.count
      _ = try await other.list("orders") {
        $0.limit = "10"
        $0.sort = "-created_at"
      }
      #expect(try await parts(bench, watched, since: start).count == 1)
    }
  }
}
