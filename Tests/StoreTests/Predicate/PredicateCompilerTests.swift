import Base
import Contract
import Expression
import Store
import Testing

/// The form of predicates: what decides whether an index serves them.
@Suite struct PredicateCompilerTests {
  private let world = RandomWorld(seed: 1, rows: 2)

  private func text(
    _ source: String, _ dialect: Dialect = .sqlite, resource: String = "things", caller: RandomCaller = RandomCaller(seed: 3)
  ) throws -> String {
    var environment = RandomCaller.environment(world.contract)
    environment.record = resource
    let expression = try CheckedExpression.check(source, expecting: .boolean, in: environment)
    let compiler = PredicateCompiler(Layout(world.contract), dialect: dialect)
    let plan = RulePlan(expression)
    let sql = try compiler.compile(plan.probe, resource: resource)
    return sql.statement(for: dialect).statement.text
  }

  @Test(arguments: [
    // A side that is never null: plain equality, which an index serves.
    ("record.customer == caller.id", #""t"."customer" = ?1"#), ("record.name == \"a\"", #""t"."name" = ?1"#),
    ("record.title != \"a\"", #""t"."title" <> ?1"#), ("record.name != \"a\"", #"("t"."name" IS NOT ?1)"#),
    ("!(record.name == \"a\")", #"("t"."name" IS NOT ?1)"#), ("record.name == null", #""t"."name" IS NULL"#),
    ("record.title == null", "0"), ("record.open", #""t"."open" = 1"#), ("!record.open", #""t"."open" = 0"#),
    ("record.grade in [\"low\", \"mid\"]", #""t"."grade" IN (?1, ?2)"#),
    ("!(record.grade in [\"low\", \"mid\"])", #"("t"."grade" IS NULL OR "t"."grade" NOT IN (?1, ?2))"#),
    // A ref is followed from the end that an index finds.
    ("record.customer.owner == caller.id", #""t"."customer" IN (SELECT "m1"."id" FROM "customers" "m1" WHERE "m1"."owner" = ?1)"#),
    ("record.customer.id == caller.id", #""t"."customer" = ?1"#),
    // What many rows share is looked up from the row.
    ("record.customer.grade == \"low\"", #"(SELECT "m1"."grade" FROM "customers" "m1" WHERE "m1"."id" = "t"."customer") = ?1"#),
    (
      "record.parts.exists(p, p.quantity > 3)",
      #"EXISTS (SELECT 1 FROM "parts" "m1" WHERE "m1"."thing" = "t"."id" AND "m1"."quantity" > ?1)"#
    ), ("record.price > decimal(\"1.005\")", #""t"."price" > ?1"#), ("record.price == decimal(\"1.005\")", "0"),
    ("caller.nick in record.tags", #"?1 IN (SELECT "m1".value FROM json_each("t"."tags") "m1")"#),
  ]) func theFormIsTheOneThatAnIndexServes(_ source: String, _ expected: String) throws {
    #expect(try text(source) == expected)
  }

  @Test func postgresHasItsOwnForms() throws {
    #expect(try text("record.name != \"a\"", .postgres) == #"("t"."name" IS DISTINCT FROM $1)"#)
    #expect(try text("record.name < \"a\"", .postgres) == #""t"."name" < $1 COLLATE "C""#)
    #expect(try text("record.open", .postgres) == #""t"."open""#)
    #expect(try text("record.name.startsWith(\"a\")", .postgres) == #"starts_with("t"."name", $1)"#)
  }

  @Test func manyAlternativesAreNotDeep() async throws {
    let source = (0..<180).map { "record.count == \($0)" }.joined(separator: " || ")
    for kind in TestStore.available {
      try await kind.run { store in
        try await world.fill(store)
        let oracle = AgreementOracle(world: world, store: store)
        guard case .agreed = try await oracle.ask(source, RandomCaller(seed: 1)) else {
          Issue.record("\(kind): not agreed")
          return
        }
      }
    }
  }

  @Test func aDoublingChoiceIsRefused() throws {
    var source = "record.open"
    for _ in 0..<20 { source = "(\(source) ? record.sold : record.open)" }
    #expect(throws: ExpressionError.self) { try text(source) }
  }

  @Test func whatMayNotBeSeenIsNullAndDoesNotCount() async throws {
    var compiler = PredicateCompiler(Layout(world.contract), dialect: .sqlite)
    compiler.visibility = { resource, alias in
      guard resource != "things" else { return nil }
      var sql = SQL()
      sql.append(identifier: alias)
      sql.append(".revision > 1")
      return sql
    }
    func text(_ source: String) throws -> String {
      let expression = try CheckedExpression.check(source, expecting: .boolean, in: RandomCaller.environment(world.contract))
      return try compiler.compile(RulePlan(expression).probe, resource: "things").statement(for: .sqlite).statement.text
    }
    #expect(
      try text("record.customer.name == \"a\"")
        == #"(SELECT "m1"."name" FROM "customers" "m1" WHERE "m1"."id" = "t"."customer" AND ("m1".revision > 1)) = ?1"#)
    #expect(
      try text("record.customer.owner == caller.id")
        == #""t"."customer" IN (SELECT "m1"."id" FROM "customers" "m1" WHERE ("m1".revision > 1) AND "m1"."owner" = ?1)"#)
    #expect(
      try text("size(record.parts) > 1")
        == #"(SELECT count(*) FROM "parts" "m1" WHERE "m1"."thing" = "t"."id" AND ("m1".revision > 1)) > ?1"#)
    #expect(try text("record.customer == caller.id") == #""t"."customer" = ?1"#)
  }
}

/// What only the form of an adopted column forbids.
@Suite struct PredicateRefusalTests {
  @Test func rulesOverColumnsStoredOtherwiseAreFound() throws {
    var contract = Contract()
    var resource = Resource(name: "tracks")
    resource.storage.isManaged = false
    var price = Field(name: "price", type: .decimal(precision: 10, scale: 2, minimum: nil, maximum: nil))
    price.encoding = .real
    var isLive = Field(name: "live", type: .boolean)
    isLive.encoding = .texts(yes: "Y", no: "N")
    resource.fields = [price, isLive, Field(name: "name", type: .string(StringOptions(length: 0...9)))]
    contract.resources = [resource]
    func check(_ source: String) throws -> CheckedExpression {
      var environment = ExpressionEnvironment(schema: ContractExpressionSchema(contract))
      environment.record = "tracks"
      return try CheckedExpression.check(source, expecting: .boolean, in: environment)
    }
    let compiler = PredicateCompiler(Layout(contract), dialect: .sqlite)
    contract.resources[0].access.read = .rule(try check("record.live && record.price == 0.99 && record.name < \"b\""))
    #expect(compiler.refusals(in: contract).isEmpty)
    contract.resources[0].access.update = .rule(try check("record.live == (record.name == \"b\")"))
    contract.resources[0].fields[0].read = .rule(try check("record.live < true"))
    let refusals = compiler.refusals(in: contract)
    #expect(refusals.map { $0.path.joined(separator: ".") } == ["access.update", "fields.price.read"])
    #expect(refusals.first?.error.offset == 12)
    let plan = RulePlan(try check("record.live && record.price == 0.99 && record.name < \"b\""))
    #expect(
      try compiler.compile(plan.probe, resource: "tracks").statement(for: .sqlite).statement.text
        == #"("t"."live" = ?1 AND "t"."price" = ?2 AND "t"."name" < ?3 COLLATE BINARY)"#)
  }
}
