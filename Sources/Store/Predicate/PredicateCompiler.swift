import Contract
package import Expression

/// Compiles what folding left of an expression into a condition over a row of its resource.
///
/// The condition is true exactly where the expression is true in memory; where that is false or an error it is false or
/// unknown. For every node two questions can be asked, "where is it true" and "where is it false", so that a negation
/// never meets SQL's unknown: it only swaps the questions, down to comparisons that know whether their sides can be null.
package struct PredicateCompiler: Sendable {
  package let layout: Layout
  package let dialect: Dialect
  /// The condition under which a related row, under that alias, may be seen; nil: always. A row that may not be seen is
  /// null where a ref leads to it, and does not count in a collection. Rules see everything; filters do not.
  package var visibility: (@Sendable (_ resource: String, _ alias: String) throws(ExpressionError) -> SQL?)?

  /// For guards: the related rows that the condition stands on stay as they are until the transaction ends, and one that
  /// another transaction is changing is waited for. What it finds absent, and what it counts, its anchors hold. PostgreSQL only:
  /// SQLite has one writer.
  package var locks = false

  /// For a condition that finds the rows itself: `record.members.exists(m, m.user == x)` is asked from the members' side, where an
  /// index leads to the few that have the value.
  package var drives = false

  package init(_ layout: Layout, dialect: Dialect) {
    self.layout = layout
    self.dialect = dialect
  }

  /// The condition. Slots keep their numbers.
  ///
  /// - Parameters:
  ///   - alias: under which the statement knows the row.
  ///   - stored: for a rule of a change, under which it knows the row as it is stored: that is `record` then, and the row
  ///     under `alias` is `input`. Nil: one row is asked about, whatever it is called.
  /// - Throws: what the store cannot be asked, with its place.
  package func compile(
    _ residual: ResidualExpression, resource: String, alias: String = "t", stored: String? = nil
  ) throws(ExpressionError) -> SQL {
    guard let table = layout[resource] else {
      throw ExpressionError("there is no table for \(resource)", at: residual.root.offset)
    }
    var writer = PredicateWriter(
      self, row: RowPlace(table: table, alias: alias), stored: stored.map { RowPlace(table: table, alias: $0) })
    switch try writer.condition(residual.root, true) {
    case .always: return SQL(dialect == .sqlite ? "1" : "TRUE")
    case .never: return SQL(dialect == .sqlite ? "0" : "FALSE")
    case .sql(let sql): return sql
    }
  }

  /// As `compile`, for statements over the alias `t`; for a rule of a change, `t` is the row as it becomes and `s` the one
  /// that is stored.
  package func predicate(
    _ plan: RulePlan, _ outcomes: KnownOutcomes, resource: String, ofChange: Bool = false
  ) throws(ExpressionError) -> Predicate {
    Predicate(
      sql: try compile(plan.residual(for: outcomes), resource: resource, stored: ofChange ? "s" : nil), slots: plan.slotCount)
  }

  /// Why an expression cannot become a condition over rows of `resource`; nil where it can. To be asked when the contract
  /// loads or a filter arrives, so that it is known with its place before anything is folded.
  package func unsupported(_ expression: CheckedExpression, resource: String) -> ExpressionError? {
    expression.sqlUnsupported ?? unsupported(RulePlan(expression), resource: resource)
  }

  /// The same of a plan whose expression has no `sqlUnsupported` part.
  package func unsupported(_ plan: RulePlan, resource: String) -> ExpressionError? {
    do {
      _ = try compile(plan.probe, resource: resource)
      return nil
    } catch {
      return error
    }
  }
}

/// A row that is at hand under an alias.
struct RowPlace {
  let table: TableLayout
  let alias: String

  /// The column's value, as its kind reads it.
  func value(_ column: ColumnLayout) -> SQL { column.form.read(self.column(column)) }

  func column(_ column: ColumnLayout) -> SQL {
    var sql = SQL()
    sql.append(identifier: alias)
    sql.append(".")
    sql.append(identifier: column.name)
    return sql
  }
}

/// One compilation.
struct PredicateWriter {
  let compiler: PredicateCompiler
  let row: RowPlace
  /// The row that `record` is, where `input` is another one.
  let stored: RowPlace?
  /// What the macros' variables stand for, outermost first.
  var variables: [Variable] = []
  /// What was looked into for what is absent or counted.
  private(set) var anchors: [Anchor] = []
  private var aliases = 0
  private var steps = 0

  enum Variable {
    case row(RowPlace)
    case element(Scalar)
  }

  /// Questions asked of nodes: a choice within a condition within a choice doubles them at each turn.
  static let stepsMax = 20_000

  init(_ compiler: PredicateCompiler, row: RowPlace, stored: RowPlace? = nil) {
    self.compiler = compiler
    self.row = row
    self.stored = stored
  }

  var isSQLite: Bool { compiler.dialect == .sqlite }

  mutating func step(_ node: ExpressionNode) throws(ExpressionError) {
    steps += 1
    if steps > PredicateWriter.stepsMax { throw ExpressionError("the expression is too complex for the store", at: node.offset) }
  }

  mutating func note(_ anchor: Anchor) {
    if !anchors.contains(where: { $0.path == anchor.path && $0.collection.name == anchor.collection.name }) { anchors.append(anchor) }
  }

  /// Unlike every alias of a condition that this one stands in: that one's row goes by another name here too.
  mutating func newAlias() -> String {
    aliases += 1
    return row.alias == "t" ? "m\(aliases)" : "\(row.alias)_\(aliases)"
  }

  func refused(_ what: String, _ node: ExpressionNode) -> ExpressionError {
    ExpressionError("\(what) cannot be asked of the store", at: node.offset)
  }
}
