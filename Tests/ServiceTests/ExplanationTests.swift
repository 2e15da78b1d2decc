import Base
import Identity
import JSON
import Service
import Store
import Testing

/// What `martlet explain` says of statements, on SQLite.
@Suite struct ExplanationTests {
  private func marked(_ statement: Statement, _ values: [Value], _ store: any Store) async throws -> [String] {
    let rows = try await store.inspect(store.dialect.explanation(of: statement), values)
    return QueryPlan(rows, of: statement, dialect: store.dialect).steps.filter(\.readsWholeTable).map(\.text)
  }

  @Test func noListReadsAWholeTable() async throws {
    let bench = try await Bench(Contracts.notes)
    let watched = WatchedStore(bench.store)
    let other = try await Bench(Contracts.notes, on: watched)
    let already = watched.statements.count
    for change in [
      { _ in }, { $0.sort = "id" }, { $0.sort = "-rank" }, { $0.filter = "score == 1" }, { $0.filter = "rank > 1 && score == 2" },
      { $0.count = "exact" },
      {
        $0.filter = "score == 1"; $0.count = "exact"
      },
      {
        $0.equals = [("kind", "a")]; $0.sort = "-rank"
      },
    ] as [(inout ListParameters) -> Void] {
      _ = try await other.list("notes", change)
    }
    let asked = watched.statements.dropFirst(already)
    #expect(asked.count >= 10)
    for (statement, values) in asked {
      let marked = try await marked(statement, values, bench.store)
      #expect(marked.isEmpty, "\(statement.text)")
    }
  }

  @Test(arguments: [
    ("SELECT t.\"id\" FROM \"notes\" AS t ORDER BY t.\"body\" LIMIT 5", 1),
    ("SELECT t.\"id\" FROM \"notes\" AS t WHERE t.\"body\" = 'x'", 1), ("SELECT t.\"id\" FROM \"notes\" AS t ORDER BY t.\"id\"", 1),
    ("SELECT t.\"body\" FROM \"notes\" AS t ORDER BY t.\"id\" LIMIT 5", 0),
    // Rows of an adopted table may lack their key.
    ("SELECT t.\"id\" FROM \"notes\" AS t WHERE t.\"body\" IS NOT NULL AND t.\"score\" IS NOT NULL LIMIT 5", 0),
    ("SELECT t.\"id\" FROM \"notes\" AS t WHERE t.\"body\" IS NOT NULL AND t.\"score\" = 1 LIMIT 5", 1),
    (
      "WITH scanned AS (SELECT t.* FROM \"notes\" AS t WHERE t.\"body\" = 'x' LIMIT 9) SELECT t.\"id\" FROM scanned AS t ORDER BY t.\"id\" LIMIT 5",
      1
    ),
  ])
  func whatReadsAWholeTableIsMarked(_ text: String, _ count: Int) async throws {
    let bench = try await Bench(Contracts.notes)
    #expect(try await marked(Statement(text: text, parameters: []), [], bench.store).count == count)
  }

  @Test(arguments: [
    // A count to its budget, and a page in the table's own order: they end after so many rows.
    (
      [
        "Aggregate  (cost=0.20..0.21 rows=1 width=8)", "  ->  Limit  (cost=0.00..0.18 rows=10)",
        "        ->  Seq Scan on notes t  (cost=0.00..0.18)",
      ], 0
    ),
    (["Limit  (cost=0.00..0.18 rows=10)", "  ->  Seq Scan on notes t  (cost=0.00..0.18)"], 0),
    // What is sorted, thinned out or joined first does not.
    (["Limit  (cost=1)", "  ->  Sort  (cost=1)", "        Sort Key: rank", "        ->  Seq Scan on notes t  (cost=0.00..0.18)"], 1),
    (["Limit  (cost=1)", "  ->  Seq Scan on notes t  (cost=0.00..0.18)", "        Filter: (score = 1)"], 1),
    (["Limit  (cost=1)", "  ->  Seq Scan on notes t", "  SubPlan 1", "    ->  Seq Scan on others o", "          Filter: (a = 1)"], 1),
    (["Seq Scan on notes t  (cost=0.00..0.18)"], 1),
    (["Limit  (cost=1)", "  ->  Index Scan using x on notes t", "        Filter: (a = 1)"], 0),
  ])
  func ofPostgresPlansWhatEndsAtItsLimitIsNotMarked(_ lines: [String], _ count: Int) {
    let plan = QueryPlan(lines.map { [$0] }, of: Statement(text: "SELECT", parameters: []), dialect: .postgres)
    #expect(plan.steps.filter(\.readsWholeTable).count == count)
  }
}
