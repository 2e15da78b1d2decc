import Base
package import Contract
import Crypto
import Expression
import Identity
package import Store

/// What is found about a contract once it is known how its tables lie in the store: rules that the store cannot be asked, and
/// lists whose rule no index serves.
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
  }

  /// Lists for which the planner finds no index that leads to what the `read` rule lets a caller see. Each resource once, for
  /// the first kind of caller who meets it: one without roles, then one with each role. Empty where there are `errors`.
  package func warnings() -> [Diagnostic] {
    guard errors.isEmpty, let key = try? ServiceKey.ephemeral() else { return [] }
    let engine = Engine(contract: contract, layout: layout, store: AbsentStore(dialect: dialect), key: key, verifier: nil)
    return engine.plans.compactMap { plan in
      for roles in [[]] + contract.roles.map({ [$0] }) {
        guard let condition = scannedRule(plan, roles: roles, engine: engine) else { continue }
        let who = roles.first.map { "with the role \($0)" } ?? "without a role"
        return places.finding(
          .unindexedRule,
          "\(plan.resource.name).access.read: no index leads to the records that a caller \(who) may see; a list looks at "
            + "\(plan.resource.scanMax) rows at most",
          at: ["resources", plan.resource.name, "access", "read"], suggestion: remedy(condition, plan: plan))
      }
      return nil
    }
  }

  /// What the planner leaves of the rule for a scan of the plainest list; nil where an index serves it.
  private func scannedRule(_ plan: ResourcePlan, roles: [String], engine: Engine) -> Condition? {
    let facts = Facts(caller: caller(roles), context: ContractReview.context)
    guard let condition = plan.read.grant(facts).condition,
      let request = try? ListRequest(ListParameters(), plan: plan, contract: contract, members: [], visible: { _ in [] }),
      let list = try? engine.plannedList(request, filter: nil, plan: plan, facts: facts), list.isRuleScanned
    else { return nil }
    return condition
  }

  /// The line that would give the rule an index, where one line is enough.
  private func remedy(_ condition: Condition, plan: ResourcePlan) -> String? {
    for conjunct in condition.plan.residual(for: condition.outcomes).conjuncts {
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

  /// The table whose member a path ends with.
  private func owner(of path: [String], from table: TableLayout) -> TableLayout? {
    var current = table
    for name in path.dropLast() {
      guard let reference = current.field(name)?.reference, let next = layout[reference.resource] else { return nil }
      current = next
    }
    return current
  }

  /// A caller of whom everything is known that a rule may ask.
  private func caller(_ roles: [String]) -> Caller {
    var caller = Caller()
    caller.id = UUID(high: 0x7000, low: 0x8000_0000_0000_0001)
    caller.issuer = "issuer"
    caller.subject = "subject"
    caller.roles = roles
    for claim in contract.identity.claims { caller.claims[claim.name] = claim.type.sample }
    return caller
  }

  private static let context = RequestContext(
    requestID: "review", ip: "127.0.0.1", method: "GET", time: Timestamp(microseconds: 0))
}

extension FieldType {
  /// Any value of the type, for a claim.
  fileprivate var sample: Value {
    switch self {
    case .integer: .integer(1)
    case .number: .number(1)
    case .decimal(_, let scale, _, _): .decimal(Decimal(units: 1, scale: scale))
    case .boolean: .boolean(true)
    case .timestamp: .timestamp(Timestamp(microseconds: 0))
    case .date: .date(CalendarDate(days: 0))
    case .uuid: .uuid(UUID(high: 0x7000, low: 0x8000_0000_0000_0002))
    case .list: .list([])
    default: .string("sample")
    }
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
