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
    /// Its cost grows with a table: a scan that does not end with a page or a budget of rows. On PostgreSQL one that a condition
    /// thins out on its way to a limit counts as such, on SQLite only one that no index serves.
    package let readsWholeTable: Bool
  }

  package let steps: [Step]

  /// - Parameter rows: what the explanation of the statement gave, row by row.
  package init(_ rows: [[String?]], of statement: Statement, dialect: Dialect) {
    switch dialect {
    case .postgres:
      let lines = rows.map { $0.last.flatMap(\.self) ?? "" }
      steps = lines.indices.map { place in
        Step(text: lines[place], readsWholeTable: lines[place].contains("Seq Scan") && !QueryPlan.stopsAtLimit(lines, at: place))
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

  /// PostgreSQL: whether a step gives its rows, every one that it meets, straight to a limit.
  private static func stopsAtLimit(_ lines: [String], at place: Int) -> Bool {
    func depth(_ line: String) -> Int { line.prefix { $0 == " " }.count }
    func isStep(_ line: String) -> Bool { line.hasPrefix("->", after: depth(line)) || depth(line) == 0 }
    func isNamed(_ line: String, _ name: String) -> Bool {
      line.hasPrefix(name, after: depth(line)) || line.hasPrefix("->  " + name, after: depth(line))
    }
    // What its parts give a table in parts passes on as it comes, one part after the other. (A Merge Append first has one row of each.)
    var child = place
    while let parent = lines[..<child].lastIndex(where: { isStep($0) && depth($0) < depth(lines[child]) }), isNamed(lines[parent], "Append")
    {
      child = parent
    }
    guard let parent = lines[..<child].last(where: { isStep($0) && depth($0) < depth(lines[child]) }), isNamed(parent, "Limit") else {
      return false
    }
    return !lines[(place + 1)...].prefix { !isStep($0) }.contains { $0.hasPrefix("Filter:", after: depth($0)) }
  }

  /// Whether rows come out of the table one after the other until there are enough of them, with no condition between but that
  /// they have a key, which an adopted table's rows may lack.
  private static func walksToLimit(_ statement: Statement) -> Bool {
    let text = statement.text.replacing("FROM scanned AS t", with: "")
    guard text.contains(" LIMIT ") else { return false }
    var rest = Substring(text)
    while let alias = rest.firstRange(of: " AS t") {
      rest = rest[alias.upperBound...]
      let end = rest.hasPrefix(" WHERE ") ? presenceEnd(rest.dropFirst(7)) : rest
      if end.hasPrefix(" ORDER BY ") || end.hasPrefix(" LIMIT ") { return true }
    }
    return false
  }

  /// What follows `t."a" IS NOT NULL AND t."b" IS NOT NULL`; the whole text where it is another condition.
  private static func presenceEnd(_ text: Substring) -> Substring {
    var rest = text
    while rest.hasPrefix("t.\"") {
      rest = rest.dropFirst(3)
      while let quote = rest.firstIndex(of: "\"") {
        rest = rest[rest.index(after: quote)...]
        // Two quotes stand for one within the name.
        guard rest.first == "\"" else { break }
        rest = rest.dropFirst()
      }
      guard rest.hasPrefix(" IS NOT NULL") else { return text }
      rest = rest.dropFirst(12)
      guard rest.hasPrefix(" AND ") else { return rest }
      rest = rest.dropFirst(5)
    }
    return text
  }
}

extension String {
  fileprivate func hasPrefix(_ text: String, after count: Int) -> Bool { dropFirst(count).hasPrefix(text) }
}
