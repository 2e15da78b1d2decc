import Base
import Identity
import JSON
import PostgresStore
import Reactor
import Service
import Store
import Testing

/// `retain`: what is older goes for good, with its history, and in small steps.
@Suite struct RetentionTests {
  private static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    resources:
      cases:
        retain: 30d
        delete: soft
        history: true
        fields:
          title: {type: string, required: true, personal: true}
          notes: {many: notes, by: case}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
      notes:
        fields:
          case: {ref: cases, required: true, on_delete: cascade}
          text: {type: string, personal: true}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
      boards:
        fields: {case: {ref: cases, on_delete: set_null}}
        access: {create: anyone, read: anyone, delete: anyone}
      invoices:
        fields: {case: {ref: cases, on_delete: restrict}}
        access: {create: anyone, read: anyone, delete: anyone}
      named:
        id: client
        retain: 1d
        indexes: [[created_at]]
        fields: {title: {type: string}}
        access: {create: anyone, read: anyone, update: anyone}
      kept:
        fields: {title: {type: string}}
        access: {create: anyone, read: anyone}
    """

  private func sweep(_ bench: Bench) async throws -> (steps: Int, deleted: Int, kept: Int) {
    var sweep = RetentionSweep()
    var sum = (0, 0, 0)
    while let step = try await bench.engine.retain(&sweep) {
      #expect(step.deleted + step.kept <= Engine.retainedAtOnce)
      #expect(!step.isTaken)
      sum = (sum.0 + 1, sum.1 + step.deleted, sum.2 + step.kept)
    }
    return sum
  }

  private func events(_ bench: Bench, _ condition: String) async throws -> [[String?]] {
    try await bench.store.inspect(
      "SELECT resource, action, \"before\", \"after\", cause, actor FROM _martlet_events WHERE \(condition) ORDER BY position", [])
  }

  @Test(arguments: BenchStore.withParts)
  func oldRecordsGoWithWhatBelongsToThemAndTheirHistory(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let old = try await bench.create("cases", #"{"title": "Secret Name"}"#)
      _ = try await bench.perform(.update, "cases", old.id, body: #"{"title": "Second Name"}"#)
      let note = try await bench.create("notes", ##"{"case": "\##(old.id)", "text": "Private"}"##)
      let board = try await bench.create("boards", ##"{"case": "\##(old.id)"}"##)
      _ = try await bench.create("kept", #"{"title": "x"}"#)
      // A deleted one that is kept is no less old.
      let deleted = try await bench.create("cases", #"{"title": "Third Name"}"#)
      _ = try await bench.create("notes", ##"{"case": "\##(deleted.id)", "text": "Private"}"##)
      _ = try await bench.perform(.delete, "cases", deleted.id)
      #expect(try await sweep(bench) == (0, 0, 0))

      bench.clock.advance(seconds: 29 * 86_400)
      let young = try await bench.create("cases", #"{"title": "Young"}"#)
      #expect(try await sweep(bench) == (0, 0, 0))
      bench.clock.advance(seconds: 86_401)
      #expect(try await sweep(bench) == (1, 2, 0))

      for table in ["cases", "notes"] {
        let rows = try await bench.store.inspect("SELECT 1 FROM \(table)", [])
        #expect(rows.count == (table == "cases" ? 1 : 0))
      }
      #expect(try await bench.read("cases", young.id)["title"] == "Young")
      #expect(try await bench.read("boards", board.id)["case"] == .null)
      #expect(try await bench.list("kept").rows.count == 1)
      // Nothing of what they were is left in their events; that they were, and are gone, is.
      let history = try await events(bench, "record = '\(old.id)'")
      #expect(history.map { $0[1] } == ["create", "update", "delete"])
      #expect(history.map { $0[2] } == [nil, "{}", "{}"])
      #expect(history.map { $0[3] } == ["{}", "{}", nil])
      #expect(history.last?[4] == "retention")
      #expect(try await events(bench, "record = '\(note.id)' AND action = 'delete'").map { $0[4] } == ["cases/\(old.id)"])
      #expect(try await events(bench, "record = '\(board.id)' AND action = 'update'").map { $0[4] } == ["cases/\(old.id)"])
      for word in ["Name", "Private"] {
        let text = bench.store.dialect == .sqlite ? "\"after\"" : "\"after\"::text"
        let before = text.replacing("after", with: "before")
        #expect(try await events(bench, "\(text) LIKE '%\(word)%' OR \(before) LIKE '%\(word)%'").isEmpty)
      }
      #expect(try await sweep(bench) == (0, 0, 0))
    }
  }

  @Test(arguments: BenchStore.withParts)
  func whatIsReferredToStaysAndKeepsItsHistoryUntilItIsNot(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      var ids: [String] = []
      for number in 0..<5 { ids.append(try await bench.create("cases", #"{"title": "Case \#(number)"}"#).id) }
      let invoice = try await bench.create("invoices", ##"{"case": "\##(ids[2])"}"##)
      bench.clock.advance(seconds: 31 * 86_400)
      #expect(try await sweep(bench) == (1, 4, 1))
      #expect(try await bench.read("cases", ids[2])["title"] == "Case 2")
      #expect(try await events(bench, "record = '\(ids[2])'").compactMap { $0[3] }.allSatisfy { $0.contains("Case 2") })
      #expect(try await sweep(bench) == (1, 0, 1))
      _ = try await bench.perform(.delete, "invoices", invoice.id)
      #expect(try await sweep(bench) == (1, 1, 0))
    }
  }

  @Test(arguments: BenchStore.withParts)
  func manyGoInSmallStepsAlsoWhereClientsNameThem(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      for number in 0..<45 {
        let id = UUID(high: UInt64(1000 - number), low: 1)
        _ = try await bench.perform(.replace, "named", id.description, body: #"{"title": "n"}"#)
      }
      bench.clock.advance(seconds: 86_401)
      let last = UUID(high: 1, low: 1).description
      _ = try await bench.perform(.replace, "named", last, body: #"{"title": "young"}"#)
      #expect(try await sweep(bench) == (3, 45, 0))
      #expect(try await bench.list("named").rows.map(\.id) == [last])
    }
  }

  @Test(arguments: BenchStore.withParts)
  func aLongHistoryIsEmptiedInParts(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let id = try await bench.create("cases", #"{"title": "Name"}"#).id
      try await bench.store.define([
        """
        INSERT INTO _martlet_events (resource, record, action, request, time, "before", "after", version)
        SELECT t.resource, t.record, 'update', '', t.time, '{"title": "Name"}', '{"title": "Name"}', t.version
        FROM _martlet_events AS t CROSS JOIN (\(Self.numbers(1200, bench.store.dialect))) AS n WHERE t.record = '\(id)'
        """
      ])
      bench.clock.advance(seconds: 31 * 86_400)
      #expect(try await sweep(bench) == (1, 1, 0))
      let history = try await events(bench, "record = '\(id)'")
      #expect(history.count == 1202)
      #expect(history.allSatisfy { ($0[2] ?? "{}") == "{}" && ($0[3] ?? "{}") == "{}" })
    }
  }

  private static func numbers(_ count: Int, _ dialect: Dialect) -> String {
    dialect == .postgres
      ? "SELECT generate_series(1, \(count)) AS number"
      : "WITH RECURSIVE n(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM n WHERE number < \(count)) SELECT number FROM n"
  }

  /// On PostgreSQL several processes serve one database: one of them is enough.
  @Test(.enabled(if: BenchStore.withParts.contains(.postgres)))
  func oneProcessAtATime() async throws {
    try await BenchStore.postgres.run(Self.contract) { bench in
      _ = try await bench.create("cases", #"{"title": "Name"}"#)
      bench.clock.advance(seconds: 31 * 86_400)
      let number = try #require(try await bench.store.inspect("SELECT hashtext(current_schema())", []).first?.first ?? nil)
      let group = try EventLoopGroup(count: 1)
      defer {
        group.stop()
        group.join()
      }
      var options = PostgresOptions()
      options.pool = 1
      let other = try PostgresStore(url: try #require(BenchStore.postgresURL), options: options, loops: group.loops)
      _ = try await other.inspect("SELECT pg_advisory_lock(1296126069, \(number))", [])
      var sweep = RetentionSweep()
      let step = try await bench.engine.retain(&sweep)
      #expect(step?.isTaken == true && step?.deleted == 0)
      #expect(try await bench.list("cases").rows.count == 1)
      _ = try await other.inspect("SELECT pg_advisory_unlock(1296126069, \(number))", [])
      await other.close()
      #expect(try await self.sweep(bench) == (1, 1, 0))
    }
  }

  @Test(arguments: BenchStore.withParts)
  func keptAnswersThatAreOutOfDateGoAThousandAtATime(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      _ = try await bench.perform(.create, "kept", body: #"{"title": "x"}"#, key: "one")
      let copy = bench.store.dialect == .sqlite ? "randomblob(32)" : "decode(md5(n.number::text), 'hex')"
      try await bench.store.define([
        """
        INSERT INTO _martlet_idempotency (scope, fingerprint, status, etag, location, body, created_at)
        SELECT \(copy), t.fingerprint, t.status, t.etag, t.location, t.body, t.created_at
        FROM _martlet_idempotency AS t CROSS JOIN (\(Self.numbers(1500, bench.store.dialect))) AS n
        """
      ])
      #expect(try await bench.engine.expireAnswers() == false)
      bench.clock.advance(seconds: 86_401)
      _ = try await bench.perform(.create, "kept", body: #"{"title": "x"}"#, key: "two")
      #expect(try await bench.engine.expireAnswers() == true)
      #expect(try await bench.engine.expireAnswers() == false)
      #expect(try await bench.store.inspect("SELECT 1 FROM _martlet_idempotency", []).count == 1)
    }
  }
}
