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
    (
      "WITH scanned AS (SELECT t.* FROM \"notes\" AS t WHERE t.\"body\" = 'x' LIMIT 9) SELECT t.\"id\" FROM scanned AS t ORDER BY t.\"id\" LIMIT 5",
      1
    ),
  ])
  func whatReadsAWholeTableIsMarked(_ text: String, _ count: Int) async throws {
    let bench = try await Bench(Contracts.notes)
    #expect(try await marked(Statement(text: text, parameters: []), [], bench.store).count == count)
  }
}
