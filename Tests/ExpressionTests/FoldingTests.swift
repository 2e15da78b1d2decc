import Base
import Expression
import Testing

/// What is known is decided before a store is asked, and what is left says the same.
@Suite struct FoldingTests {
  private func plan(_ source: String) throws -> RulePlan {
    RulePlan(try CheckedExpression.check(source, expecting: .boolean, in: TestSchema.environment))
  }

  private func constant(_ rule: FoldedRule) -> Bool? {
    if case .constant(let value) = rule { value } else { nil }
  }

  @Test(arguments: [
    ("caller.has_role(\"support\") || record.open", true), ("!caller.has_role(\"support\") && record.open", false),
    ("caller.tier == \"pro\" && record.open", false), ("size(caller.tier) > 0 && record.open", false),
    ("size(caller.tier) > 0 || caller.has_role(\"support\") || record.open", true), ("caller.authenticated ? true : record.open", true),
    ("record.count < size(caller.tier)", false), ("record.open && 1 / 0 == 1", false),
    ("caller.tier in [\"pro\", null] || record.open", true),
    ("record.open ? false : 1 / 0 == 1", false), ("record.items.all(i, true) && false", false),
  ]) func theCallerDecides(_ source: String, _ expected: Bool) throws {
    #expect(constant(try plan(source).fold(TestBindings(roles: ["support"]))) == expected, "\(source)")
  }

  @Test func anErrorInWhatIsKnownDenies() throws {
    var nobody = TestBindings()
    nobody.id = nil
    #expect(constant(try plan("record.customer.user == caller.id").fold(nobody)) == false)
    #expect(constant(try plan("record.customer.user != caller.id").fold(nobody)) == false)
    #expect(constant(try plan("!(record.customer.user == caller.id)").fold(nobody)) == false)
    #expect(constant(try plan("record.customer.user == caller.id || caller.has_role(\"support\")").fold(nobody)) == false)
    #expect(constant(try plan("record.customer.user == caller.id || record.open").fold(nobody)) == nil)
  }

  @Test func shapesTellOutcomesApart() throws {
    let plan = try plan("record.customer.user == caller.id || caller.has_role(\"support\") && record.open")
    guard case .residual(let one, let values) = plan.fold(TestBindings()),
      case .residual(let two, _) = plan.fold(TestBindings(roles: ["support"]))
    else {
      Issue.record("nothing is left")
      return
    }
    #expect(one != two)
    #expect(values == [UUID(TestBindings.user).map(Value.uuid)])
    #expect(plan.residual(for: one).conjuncts.first?.equality?.path == ["customer", "user"])
    #expect(plan.residual(for: two).conjuncts.first?.equality == nil)
  }

  @Test func literalsMayBecomeSlots() throws {
    func lifted(_ source: String) throws -> RulePlan {
      RulePlan(try CheckedExpression.check(source, expecting: .boolean, in: TestSchema.environment), liftingLiterals: true)
    }
    let one = try lifted("record.count > 3 && record.count in [1, 2] || record.items.exists(i, i.quantity == 7)")
    let two = try lifted("record.count > 40 && record.count in [5, 6] || record.items.exists(i, i.quantity == 8)")
    guard case .residual(let outcomes, let values) = one.fold(TestBindings()),
      case .residual(let other, let otherValues) = two.fold(TestBindings())
    else {
      Issue.record("nothing is left")
      return
    }
    #expect(outcomes == other)
    #expect(values == [.integer(3), .integer(1), .integer(2), .integer(7)])
    #expect(otherValues == [.integer(40), .integer(5), .integer(6), .integer(8)])
    let form = try #require(one.form)
    #expect(two.form == form)
    for source in [
      "record.count >= 3 && record.count in [1, 2] || record.items.exists(i, i.quantity == 7)",
      "record.count > 3 && record.count in [1, 2, 3] || record.items.exists(i, i.quantity == 7)",
      "record.count > 3 && record.count in [1, 2] || record.items.all(i, i.quantity == 7)",
      "record.count > 3 && record.count in [1, 2]",
    ] {
      #expect(try lifted(source).form != form, "\(source)")
    }
  }

  @Test func whatDecidesTheLogicStaysInTheForm() throws {
    func form(_ source: String) throws -> ExpressionForm? {
      RulePlan(try CheckedExpression.check(source, expecting: .boolean, in: TestSchema.environment), liftingLiterals: true).form
    }
    #expect(try form("record.open == true") != form("record.open == false"))
    #expect(try form("record.price == 1.5") != form("record.price == 1.25"))
    #expect(try form("record.count == null") != form("record.count == 1"))
  }

  @Test func conjunctsAndEqualitiesAreFound() throws {
    let plan = try plan("record.status == \"paid\" && (caller.id == record.customer && record.count > 3) && caller.authenticated")
    guard case .residual(let outcomes, let values) = plan.fold(TestBindings()) else {
      Issue.record("nothing is left")
      return
    }
    let conjuncts = plan.residual(for: outcomes).conjuncts
    #expect(conjuncts.count == 3)
    #expect(conjuncts[0].equality?.path == ["status"])
    #expect(conjuncts[0].equality?.value == .literal(.string("paid")))
    #expect(conjuncts[1].equality?.path == ["customer"])
    #expect(conjuncts[1].equality?.value == .slot(0))
    #expect(conjuncts[2].equality == nil)
    #expect(values.count == 1)
  }

  @Test func aRuleOfManyAtomsIsFolded() throws {
    let parts = (0..<90).map { "(record.count == \($0) && caller.has_role(\"\($0 % 2 == 0 ? "support" : "finance")\"))" }
    let plan = try plan(parts.joined(separator: " || "))
    guard case .residual(let outcomes, _) = plan.fold(TestBindings(roles: ["support"])) else {
      Issue.record("nothing is left")
      return
    }
    guard case .or(let left) = plan.residual(for: outcomes).root.kind else {
      Issue.record("no alternatives are left")
      return
    }
    #expect(left.count == 45)
  }

  @Test func pathsAndLoadsAreKnown() throws {
    func expression(_ source: String) throws -> CheckedExpression {
      try CheckedExpression.check(source, expecting: .boolean, in: TestSchema.environment)
    }
    let one = try expression("record.customer.user == caller.id && record.items.exists(i, i.order.customer.tier == \"pro\")")
    #expect(one.paths.map(\.path) == [["customer", "user"], ["items"], ["items", "order", "customer", "tier"]])
    #expect(one.loads == [["customer"], ["items"], ["items", "order"], ["items", "order", "customer"]])
    let two = try expression("record.customer == caller.id && record.customer.id == caller.id && record.count > 1")
    #expect(two.loads == [])
    #expect(!(try expression("caller.has_role(\"support\")")).usesRow)
  }

  @Test(arguments: [
    ("record.note.matches(\"a\")", 12), ("record.weight * 2.0 > 1.0", 14), ("record.price + 1 > 2", 13), ("record.extra.a == 1", 13),
    ("record.tags[0] == \"a\"", 11), ("record.tags == [\"a\"]", 12), ("timestamp(record.note) > now", 0),
    ("record.note == \"a\\u0000\"", 15),
    ("[record.note].exists(x, x == \"a\")", 0),
  ]) func whatTheStoreCannotBeAskedHasAPlace(_ source: String, _ offset: Int) throws {
    let expression = try CheckedExpression.check(source, expecting: .boolean, in: TestSchema.environment)
    #expect(expression.sqlUnsupported?.offset == offset, "\(source): \(String(describing: expression.sqlUnsupported))")
  }

  @Test func whatStandsOnTheCallerAloneMayBeAnything() throws {
    let source = "caller.subject.matches(\"^svc-\") && decimal(\"1.5\") * 2 == 3.0 && record.open"
    let expression = try CheckedExpression.check(source, expecting: .boolean, in: TestSchema.environment)
    #expect(expression.sqlUnsupported == nil)
  }
}

/// What a rule of two rows asks of the stored one, whatever is sent.
@Suite struct RecordAloneTests {
  private func source(_ text: String) throws -> CheckedExpression {
    try CheckedExpression.check(text, expecting: .boolean, in: TestSchema.environment)
  }

  /// Each with a rule that says the same of the record alone.
  @Test(arguments: [
    ("record.open && input.count > record.count", "record.open"), ("record.open || input.count > record.count", "true"),
    ("!(record.open && input.open)", "true"), ("!(record.open || input.open)", "!record.open"),
    ("input.open ? record.open : record.count == 1", "record.open || record.count == 1"),
    ("record.open ? input.open : record.count == 1", "record.open || record.count == 1"),
    ("!(record.open ? input.open : record.count == 1)", "record.open || record.count != 1"),
    ("record.open && record.count == 1", "record.open && record.count == 1"), ("input.open == record.open", "true"),
    ("record.items.exists(i, i.quantity == input.count) && record.open", "record.open"),
  ]) func aConditionThatNamesTheInputCountsAsItWouldHaveToComeOut(_ rule: String, _ same: String) throws {
    let alone = try source(rule).ofRecordAlone
    #expect(!alone.namesInput)
    for isOpen in [Value.boolean(true), .boolean(false)] {
      for count in [Value.integer(1), .integer(2)] {
        let bindings = OneRow(row: TwoFields(values: ["open": isOpen, "count": count]))
        #expect(alone.holds(bindings) == (try source(same).holds(bindings)), "\(rule) of \(isOpen), \(count)")
      }
    }
  }

  private final class TwoFields: ExpressionRecord {
    let values: [String: Value]
    init(values: [String: Value]) { self.values = values }
    var id: Value { .null }
    func member(_ name: String) -> ExpressionValue? { values[name].map { .scalar($0) } }
  }

  private struct OneRow: ExpressionBindings {
    let row: TwoFields
    func caller(_ member: ExpressionNode.CallerMember) -> Value? { nil }
    func hasRole(_ role: String) -> Bool { false }
    func request(_ member: ExpressionNode.RequestMember) -> Value? { nil }
    var now: Timestamp? { nil }
    var record: (any ExpressionRecord)? { row }
  }
}
