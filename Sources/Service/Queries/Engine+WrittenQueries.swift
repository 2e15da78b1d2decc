import Base
import Contract
import Store

/// Why a query's own statement cannot be served: where it stands, and what is wrong.
package struct StatementRefusal: Error, Sendable, CustomStringConvertible {
  package var file: String
  package var line: Int
  package var message: String
  /// The database could not be asked: it may be well another time.
  package var isUnreachable = false

  package var description: String { (file.isEmpty ? "" : "\(file):\(line): ") + message }
}

extension Engine {
  /// Has the store look at every statement that the contract brings along (`sql:`), once the schema is what the contract wants: it is
  /// prepared with parameters of their types, and yields no row. On PostgreSQL its columns are of the types that they are declared as.
  package func checkWrittenQueries() async throws(StatementRefusal) {
    for query in contract.queries where query.written != nil {
      guard let named = namedQueries[query.name], case .written(let statements) = named.source else { continue }
      let (file, line) = statements.place
      let nulls = [Value](repeating: .null, count: statements.parameters.count)
      func ask(_ statement: ReadStatement) async throws(StatementRefusal) -> Rows {
        var asked = statement.query(nulls)
        asked.apart = .init(timeout: query.timeout)
        do throws(StoreError) {
          return try await store.read(asked)
        } catch {
          var refusal = StatementRefusal(file: file, line: line, message: "queries.\(query.name).sql: \(error.message)")
          refusal.isUnreachable = error.code != .invalidStatement && error.code != .readOnly && error.code != .invalidValue
          throw refusal
        }
      }
      _ = try await ask(statements.page(order: named.order, seek: nil, limit: 0))
      guard let types = statements.types() else { continue }
      if let problem = statements.problem(types: try await ask(types).captured) {
        throw StatementRefusal(file: file, line: line, message: "queries.\(query.name).columns: \(problem)")
      }
    }
  }
}
