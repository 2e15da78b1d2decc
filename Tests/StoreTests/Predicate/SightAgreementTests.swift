import Base
import Contract
import Expression
import Store
import TestSupport
import Testing

/// Random filters with rules on the related rows have the same answer in memory, where what is hidden was taken out, and in
/// both stores.
@Suite struct SightAgreementTests {
  static let filters = 500
  static let rows = 24

  private static let rules = [
    "people": "record.age >= 2", "customers": "record.flag || record.owner == caller.id",
    "things": "record.sold && record.maker.age != 3", "parts": "record.quantity > 0 || record.supplier.owner == caller.id",
  ]

  @Test(arguments: TestStore.available) func memoryAndTheStoreAgree(_ kind: TestStore) async throws {
    let seed = PredicateAgreementTests.seed &+ 2
    let world = RandomWorld(seed: seed, rows: Self.rows)
    try await kind.run { store in
      try await world.fill(store)
      let layout = Layout(world.contract)
      let environment = RandomCaller.environment(world.contract)
      var generator = RandomExpressions(seed: seed)
      var (asked, yes, hidden) = (0, 0, 0)
      while asked < Self.filters {
        let text = generator.condition(depth: 1 + generator.random.below(4)).text
        let caller = RandomCaller(seed: generator.random.next())
        let plain = PredicateCompiler(layout, dialect: store.dialect)
        guard let filter = try? CheckedExpression.check(text, expecting: .boolean, in: environment), !filter.loads.isEmpty,
          plain.unsupported(filter, resource: "things") == nil
        else { continue }
        let plan = RulePlan(filter)
        guard case .residual(let outcomes, var values) = plan.fold(caller) else { continue }
        asked += 1
        let sight = try Sight(Self.rules, caller: caller, world: world)
        let compiler = sight.compiler(plain, values: &values)
        var sql = SQL("SELECT t.id FROM things t WHERE ")
        sql.append(try compiler.compile(plan.residual(for: outcomes), resource: "things"))
        let prepared = sql.statement(for: store.dialect)
        let query = Query(
          prepared.statement, prepared.values(values),
          encoding: RowEncoding(fields: [], captures: [.init(column: 0, kind: .uuid)]), rowsMax: 10_000)
        let found = Set(try await store.read(query).captured.map { "\($0)" })
        for row in world.records["things"] ?? [] {
          let holds = filter.holds(RowBindings(caller, SeenRecord(row, sight)), budget: 5_000_000)
          if holds { yes += 1 }
          if holds != filter.holds(RowBindings(caller, row), budget: 5_000_000) { hidden += 1 }
          guard found.contains("\(row.id)") != holds else { continue }
          Issue.record(
            "seed \(seed), \(store.dialect): memory says \(holds): \(text)\n\(prepared.statement.text)\n\(row.values)\n\(caller)")
          return
        }
      }
      #expect(yes * 20 > asked * Self.rows && hidden * 50 > asked * Self.rows, "\(yes) rows found, \(hidden) otherwise for what is hidden")
    }
  }
}

/// Who may read what: every resource's rule, for one caller.
private final class Sight: Sendable {
  private let seen: Set<ObjectIdentifier>
  private let plans: [(resource: String, plan: RulePlan, folded: FoldedRule)]

  init(_ rules: [String: String], caller: RandomCaller, world: RandomWorld) throws {
    var seen: Set<ObjectIdentifier> = []
    var plans: [(resource: String, plan: RulePlan, folded: FoldedRule)] = []
    for (resource, rule) in rules.sorted(by: { $0.key < $1.key }) {
      var environment = RandomCaller.environment(world.contract)
      environment.record = resource
      let expression = try CheckedExpression.check(rule, expecting: .boolean, in: environment)
      let plan = RulePlan(expression)
      plans.append((resource, plan, plan.fold(caller)))
      for row in world.records[resource] ?? [] where expression.holds(RowBindings(caller, row)) {
        seen.insert(ObjectIdentifier(row))
      }
    }
    (self.seen, self.plans) = (seen, plans)
  }

  /// Ids are shared by rows of several resources.
  func sees(_ row: MemoryRecord) -> Bool { seen.contains(ObjectIdentifier(row)) }

  func compiler(_ plain: PredicateCompiler, values: inout [Value]) -> PredicateCompiler {
    var rules: [String: (ResidualExpression, Int)] = [:]
    for (resource, plan, folded) in plans {
      switch folded {
      case .residual(let outcomes, let known):
        rules[resource] = (plan.residual(for: outcomes), values.count)
        values += known
      case .constant(let holds):
        rules[resource] = (ResidualExpression(root: ExpressionNode(.literal(.boolean(holds)), .boolean, at: 0)), 0)
      }
    }
    var compiler = plain
    compiler.visibility = { [rules] (resource, alias) throws(ExpressionError) in
      guard let (rule, first) = rules[resource] else { return nil }
      return try plain.compile(rule, resource: resource, alias: alias).shifted(by: first)
    }
    return compiler
  }
}

/// A row and, behind it, what may be seen. A row that may not be seen still has its id.
private final class SeenRecord: ExpressionRecord {
  private let row: MemoryRecord
  private let sight: Sight
  private let isHidden: Bool

  init(_ row: MemoryRecord, _ sight: Sight, isHidden: Bool = false) {
    self.row = row
    self.sight = sight
    self.isHidden = isHidden
  }

  var id: Value { row.id }

  func member(_ name: String) -> ExpressionValue? {
    switch row.member(name) {
    case .list(let items)?:
      guard row.related[name] != nil else { return isHidden ? .scalar(.null) : .list(items) }
      return .list(
        items.filter { if case .record(let record) = $0, let row = record as? MemoryRecord { sight.sees(row) } else { true } }.map(wrapped))
    case let value?: return isHidden && name != "id" ? .scalar(.null) : wrapped(value)
    case nil: return nil
    }
  }

  private func wrapped(_ value: ExpressionValue) -> ExpressionValue {
    guard case .record(let record) = value, let row = record as? MemoryRecord else { return value }
    return .record(SeenRecord(row, sight, isHidden: !sight.sees(row)))
  }
}
