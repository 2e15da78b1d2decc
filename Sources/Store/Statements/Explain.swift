extension Dialect {
  /// The statement that asks the database how it would run another.
  package func explanation(of statement: Statement) -> String {
    switch self {
    case .sqlite: "EXPLAIN QUERY PLAN " + statement.text
    case .postgres: "EXPLAIN " + statement.text
    }
  }
}

/// How a database would run a statement, as it says itself.
package struct QueryPlan: Sendable {
  package struct Step: Sendable, Equatable {
    package let text: String
    /// Its cost grows with a table.
    package let readsWholeTable: Bool
  }

  package let steps: [Step]

  /// - Parameter rows: what the explanation of the statement gave, row by row.
  package init(_ rows: [[String?]], of statement: Statement, dialect: Dialect) {
    switch dialect {
    case .postgres:
      steps = rows.map { row in
        let text = row.last.flatMap(\.self) ?? ""
        return Step(text: text, readsWholeTable: text.contains("Seq Scan"))
      }
    case .sqlite:
      let lines = rows.map { (parent: $0.count > 1 ? $0[1] ?? "" : "", text: $0.last.flatMap(\.self) ?? "") }
      func parents(_ condition: (String) -> Bool) -> Set<String> { Set(lines.filter { condition($0.text) }.map(\.parent)) }
      // SQLite scans what a subquery yields as well: such a step stands beside its CO-ROUTINE, and grows with the budget.
      let besideSubqueries = parents { $0.hasPrefix("CO-ROUTINE ") || $0.hasPrefix("MATERIALIZE ") }
      let sorted = parents { $0 == "USE TEMP B-TREE FOR ORDER BY" }
      let hasLimit = statement.text.contains(" LIMIT ")
      let stopsAtLimit = QueryPlan.walksToLimit(statement)
      steps = lines.map { line in
        let isScan = line.text.hasPrefix("SCAN ") && !line.text.contains("CONSTANT") && !besideSubqueries.contains(line.parent)
        // A walk along an index (or the table's own order, which is its key's) ends with the page, unless all is sorted first.
        let isWalk = (line.text.contains("INDEX") && hasLimit || stopsAtLimit) && !sorted.contains(line.parent)
        return Step(text: line.text, readsWholeTable: isScan && !isWalk)
      }
    }
  }

  /// Whether rows come out of the table one after the other until there are enough of them, with no condition between.
  private static func walksToLimit(_ statement: Statement) -> Bool {
    let text = statement.text.replacing("FROM scanned AS t", with: "")
    return text.contains(" LIMIT ") && (text.contains(" AS t ORDER BY ") || text.contains(" AS t LIMIT "))
  }
}
