import Base
package import Contract
import Crypto
import Expression
import Identity
package import Store

/// What is found about a contract once it is known how its tables lie in the store: rules that the store cannot be asked, lists
/// whose rule no index serves, and what the audit asks.
package struct ContractReview {
  private let contract: Contract
  private let layout: Layout
  private let dialect: Dialect
  private let places: ContractPlaces

  /// - Parameter places: of the contract's text; `.none` gives findings without a place.
  package init(_ contract: Contract, dialect: Dialect, places: ContractPlaces = .none) {
    self.contract = contract
    layout = Layout(contract)
    self.dialect = dialect
    self.places = places
  }

  /// A contract with one of these is not served.
  package var errors: [Diagnostic] {
    PredicateCompiler(layout, dialect: dialect).refusals(in: contract).map { refusal in
      places.finding(
        .unaskableRule, "\(refusal.resource).\(refusal.path.joined(separator: ".")): \(refusal.error.message)",
        at: ["resources", refusal.resource] + refusal.path, utf8Offset: refusal.error.offset, suggestion: refusal.error.suggestion)
    }
      + contract.queries.compactMap { query in
        query.unsupported(layout, dialect: dialect).map { refusal in
          places.finding(
            .unaskableRule, "queries.\(query.name).\(refusal.path.joined(separator: ".")): \(refusal.error.message)",
            at: ["queries", query.name] + refusal.path, suggestion: refusal.error.suggestion)
        }
      }
      + contract.queries.compactMap { query in
        guard query.written != nil, WrittenStatements(query, dialect: dialect) == nil else { return nil }
        return places.finding(
          .invalidStatement, "queries.\(query.name).sql: there is no statement for \(dialect.rawValue)", at: ["queries", query.name, "sql"])
      }
  }

  /// What keeps no contract from being served: lists whose rule no index serves, and what the audit finds. Empty where there are
  /// `errors`.
  package func advice() -> [Diagnostic] {
    guard errors.isEmpty, let key = try? ServiceKey.ephemeral() else { return [] }
    let engine = Engine(contract: contract, layout: layout, store: AbsentStore(dialect: dialect), key: key, verifier: nil)
    return unindexedRules(engine) + unindexedQueries() + ContractAudit(contract, plans: engine.plans, places: places).findings()
  }

  /// Queries whose condition no index leads to the records of.
  private func unindexedQueries() -> [Diagnostic] {
    contract.queries.compactMap { query in
      guard let condition = query.condition, let from = query.from, let table = layout[from] else { return nil }
      let indexes = table.indexes(among: .living)
      let isServed = RulePlan(condition).probe.conjuncts.contains { conjunct in
        if let path = conjunct.equality?.path { return layout.finds(path, from: table) || leads(path, indexes) }
        return conjunct.boundedPath.map { leads($0, indexes) } ?? false
      }
      guard !isServed else { return nil }
      let field = RulePlan(condition).probe.conjuncts.lazy.compactMap { $0.equality?.path ?? $0.boundedPath }.first { $0.count == 1 }?[0]
      return places.finding(
        .unindexedQuery, "queries.\(query.name).where: no index leads to its records; every one of \(from) is looked at",
        at: ["queries", query.name, "where"],
        suggestion: field.map { "add \"index: true\" to \(from).\($0), or indexes: [[\($0)]]" })
    }
  }

  private func leads(_ path: [String], _ indexes: [IndexLayout]) -> Bool {
    path.count == 1 && (path[0] == "id" || indexes.contains { $0.parts.first?.field == path[0] })
  }

  /// Lists for which the planner finds no index that leads to what the `read` rule lets a caller see. Each resource once, for
  /// the first kind of caller who meets it.
  private func unindexedRules(_ engine: Engine) -> [Diagnostic] {
    let kinds = CallerKind.all(of: contract).filter { $0 != .anonymous }
    return engine.plans.compactMap { plan in
      for kind in kinds {
        guard let condition = scannedRule(plan, kind, engine: engine) else { continue }
        return places.finding(
          .unindexedRule,
          "\(plan.resource.name).access.read: no index leads to the records that a caller \(kind.words) may see; a list looks at "
            + "\(plan.resource.scanMax) rows at most",
          at: ["resources", plan.resource.name, "access", "read"], suggestion: remedy(condition, plan: plan))
      }
      return nil
    }
  }

  /// What the planner leaves of the rule for a scan of the plainest list; nil where an index serves it.
  private func scannedRule(_ plan: ResourcePlan, _ kind: CallerKind, engine: Engine) -> Condition? {
    let facts = kind.facts(contract)
    guard let condition = plan.read.grant(facts).condition,
      let request = try? ListRequest(ListParameters(), plan: plan, contract: contract, members: [], visible: { _ in [] }),
      let list = try? engine.plannedList(request, filter: nil, plan: plan, facts: facts), list.isRuleScanned
    else { return nil }
    return condition
  }

  /// The line that would give the rule an index, where one line is enough.
  private func remedy(_ condition: Condition, plan: ResourcePlan) -> String? {
    for conjunct in condition.plan.residual(for: condition.outcomes).conjuncts {
      if let line = remedy(conjunct.membership, plan: plan) { return line }
      guard let path = conjunct.equality?.path, let owner = owner(of: path, from: plan.table), let name = path.last,
        let field = owner.field(name)?.field, field.type.isIndexable
      else { continue }
      let line = "add \"index: true\" to \(owner.resource).\(name)"
      if path.count == 1 { return line }
      switch field.type {
      case .enumeration, .boolean: continue
      default: return line
      }
    }
    return nil
  }

  /// An index for the member by which a collection's records are found.
  private func remedy(_ membership: (collection: String, fields: [String])?, plan: ResourcePlan) -> String? {
    guard let membership, let rows = plan.resource.collection(membership.collection).flatMap({ layout[$0.resource] }) else { return nil }
    for name in membership.fields {
      guard let type = rows.field(name)?.field?.type, type.isIndexable else { continue }
      switch type {
      case .enumeration, .boolean: continue
      default: return "add \"index: true\" to \(rows.resource).\(name)"
      }
    }
    return nil
  }

  /// The table whose member a path ends with.
  private func owner(of path: [String], from table: TableLayout) -> TableLayout? {
    var current = table
    for name in path.dropLast() {
      guard let reference = current.field(name)?.reference, let next = layout[reference.resource] else { return nil }
      current = next
    }
    return current
  }
}

/// A store that is not there: for planning alone.
private struct AbsentStore: Store {
  let dialect: Dialect

  private static let absent = StoreError(.closed, "there is no store")

  func read(_ query: Query) async throws(StoreError) -> Rows { throw Self.absent }
  func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome { throw Self.absent }
  func define(_ statements: [String]) async throws(StoreError) { throw Self.absent }
  func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] { throw Self.absent }
  func ping() async throws(StoreError) { throw Self.absent }
  func gauges() -> [StoreGauge] { [] }
  func close() async {}
}
