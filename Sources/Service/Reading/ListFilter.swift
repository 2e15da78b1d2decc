import Base
import Contract
import Expression
import Identity
import Store
import Synchronization

/// `filter=`, checked for one resource and one caller's view of it.
struct ListFilter: Sendable {
  let grant: Grant
  /// Its top-level conjuncts of the form `field == value`.
  let equalities: [(field: String, value: Value)]
  let isOnlyEqualities: Bool
  /// The members that it speaks of: whoever may see all of them may share it.
  let used: [(resource: String, name: String)]
}

/// A rule that is asked of the related rows that a filter reads: those that the caller may not read are null to it, and do
/// not count.
struct SightRule: Sendable {
  let resource: String
  let condition: Condition
}

struct FilterKey: Hashable, Sendable {
  var resource: Int
  var text: ExactText
}

/// Filters that differ in their literals alone are one to the store.
struct FilterFormKey: Hashable, Sendable {
  var resource: Int
  var form: ExpressionForm
}

extension Engine {
  static let filterBytesMax = 4_096

  /// The filter for this caller. What the caller may not see is to it as if it did not exist.
  func filter(_ text: String, plan: ResourcePlan, facts: Facts) throws(Failure) -> ListFilter {
    let key = FilterKey(resource: plan.number, text: ExactText(text))
    let schema = VisibleSchema(engine: self, facts: facts, root: plan)
    // A field's rule may ask anything of the caller and the request, so each caller's sight is looked at again.
    if let known = filters.value(for: key), known.used.allSatisfy({ schema.isVisible($0.name, of: $0.resource) }) { return known }
    guard text.utf8.count <= Engine.filterBytesMax else {
      throw Failure.parameter("filter", "has more than \(Engine.filterBytesMax) bytes")
    }
    var environment = ExpressionEnvironment(schema: schema)
    environment.record = plan.resource.name
    environment.fieldsAtTop = true
    environment.limits = .request
    let expression: CheckedExpression
    do {
      expression = try CheckedExpression.check(text, expecting: .boolean, in: environment)
    } catch {
      let hint = error.suggestion.map { "; " + $0 } ?? ""
      throw Failure.parameter("filter", "\(error.message) at offset \(error.offset)" + hint)
    }
    let rule = try filterRule(expression, plan: plan)
    let used = schema.used
    for (resource, field) in used {
      guard let owner = self.plan(of: resource), owner.resource.collection(field) == nil else { continue }
      try checkFilterable(field, plan: owner)
    }
    let grant = rule.grant(facts)
    let filter = ListFilter(
      grant: grant, equalities: grant.condition?.equalities ?? [], isOnlyEqualities: grant.condition?.isOnlyEqualities ?? false,
      used: used)
    filters.insert(filter, for: key)
    return filter
  }

  /// The rules of the resources whose rows a filter reads besides those that are listed, as far as they depend on the row.
  func sight(of filter: ListFilter, plan: ResourcePlan, facts: Facts) -> [SightRule] {
    var names: [String] = []
    for (resource, name) in filter.used {
      var reached = resource == plan.resource.name ? [] : [resource]
      // A way back to the listed resource leads to rows that its own rule is asked of as well.
      if let owner = self.plan(of: resource) {
        if let target = owner.resource.collection(name)?.resource ?? owner.table.field(name)?.reference?.resource { reached.append(target) }
      }
      for name in reached where !names.contains(name) { names.append(name) }
    }
    return names.compactMap { name in
      self.plan(of: name)?.read.grant(facts).condition.map { SightRule(resource: name, condition: $0) }
    }
  }

  /// A filter's condition as SQL, and the values to bind: its own, then those of each rule.
  func filterPredicate(
    _ condition: Condition, sight: [SightRule], on table: TableLayout
  ) throws(Failure) -> (predicate: Predicate, values: [Value]) {
    if sight.isEmpty { return try predicate(condition, on: table) }
    let key = [condition.key] + sight.map(\.condition.key)
    let values = condition.values + sight.flatMap(\.condition.values)
    if let known = sightedPredicates.value(for: key) { return (known, values) }
    var rules: [String: (rule: ResidualExpression, firstSlot: Int)] = [:]
    var slots = condition.plan.slotCount
    for rule in sight {
      rules[rule.resource] = (rule.condition.plan.residual(for: rule.condition.outcomes), slots)
      slots += rule.condition.plan.slotCount
    }
    let plain = PredicateCompiler(layout, dialect: store.dialect)
    var compiler = plain
    // The rules themselves see everything.
    compiler.visibility = { [rules] (resource, alias) throws(ExpressionError) in
      guard let (rule, firstSlot) = rules[resource] else { return nil }
      return try plain.compile(rule, resource: resource, alias: alias).shifted(by: firstSlot)
    }
    let sql: SQL
    do {
      sql = try compiler.compile(condition.plan.residual(for: condition.outcomes), resource: table.resource)
    } catch {
      throw Failure.parameter("filter", "\(error.message) at offset \(error.offset)")
    }
    let made = Predicate(sql: sql, slots: slots)
    sightedPredicates.insert(made, for: key)
    return (made, values)
  }

  /// Its plan, once it is known that the store can be asked.
  private func filterRule(_ expression: CheckedExpression, plan: ResourcePlan) throws(Failure) -> AccessRule {
    let logic = RulePlan(expression, liftingLiterals: true)
    let key = logic.form.map { FilterFormKey(resource: plan.number, form: $0) }
    let number = key.flatMap(filterForms.value)
    var error = expression.sqlUnsupported
    if error == nil, number == nil {
      error = PredicateCompiler(layout, dialect: store.dialect).unsupported(logic, resource: plan.resource.name)
    }
    if let error { throw Failure.parameter("filter", "\(error.message) at offset \(error.offset)") }
    let rule = AccessRule(logic, number: number)
    if let key, number == nil { filterForms.insert(rule.number, for: key) }
    return rule
  }
}

/// The contract's schema as one caller sees it; keeps which members an expression used.
private final class VisibleSchema: ExpressionSchema {
  private let engine: Engine
  private let facts: Facts
  /// The resource that is listed: its own rule is applied to its rows anyway.
  private let root: ResourcePlan
  private let uses = Mutex<[(resource: String, name: String)]>([])

  init(engine: Engine, facts: Facts, root: ResourcePlan) {
    self.engine = engine
    self.facts = facts
    self.root = root
  }

  var used: [(resource: String, name: String)] { uses.withLock { $0 } }

  func member(_ name: String, of resource: String) -> ExpressionMember? {
    guard isVisible(name, of: resource), let member = engine.schema.member(name, of: resource) else { return nil }
    uses.withLock { $0.append((resource, name)) }
    return member
  }

  func memberNames(of resource: String) -> [String] {
    engine.schema.memberNames(of: resource).filter { isVisible($0, of: resource) }
  }

  func keyType(of resource: String) -> ExpressionType { engine.schema.keyType(of: resource) }

  /// Seen in every row that the caller may read; of a related resource some rows may be read at least, and the others are
  /// null to the filter (see `SightRule`). A member that is seen in some rows only would tell, by what a filter finds, what
  /// it hides.
  func isVisible(_ name: String, of resource: String) -> Bool {
    guard let plan = engine.plan(of: resource) else { return false }
    if let target = plan.resource.collection(name)?.resource {
      return engine.plan(of: target).map { !$0.read.grant(facts).isNever } ?? false
    }
    guard let place = plan.table.place(name), plan.number == root.number || !plan.read.grant(facts).isNever else { return false }
    return plan.visibility(facts).shows(place)
  }
}
