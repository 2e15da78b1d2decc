import Base
import Contract
import Expression
import Store
import Testing

/// What is held for what a rule finds absent, or counts.
@Suite struct AnchorTests {
  private let world = RandomWorld(seed: 1, rows: 2)

  private func locks(_ source: String, resource: String = "things", over row: RuleRow = .stored) throws -> [String] {
    var environment = RandomCaller.environment(world.contract)
    environment.record = resource
    let expression = try CheckedExpression.check(source, expecting: .boolean, in: environment)
    let layout = Layout(world.contract)
    let anchors = try PredicateCompiler(layout, dialect: .postgres).anchors(RulePlan(expression).probe, resource: resource)
    let writes = WriteStatements(dialect: .postgres, table: try #require(layout[resource]))
    return anchors.map { writes.anchorLock($0, over: row).statement.text }
  }

  private static let ownKey =
    #"SELECT 1 FROM "things" AS anchor, "things" AS t WHERE "anchor"."id" = "t"."id" AND t."id" = $1 FOR UPDATE OF anchor"#

  @Test(arguments: [
    "!record.parts.exists(p, p.quantity > 3)", "record.parts.all(p, p.quantity > 3)", "record.parts.exists_one(p, p.quantity > 3)",
    "size(record.parts) > 1", "record.open || size(record.parts) > 1 && !record.parts.exists(p, p.quantity > 3)",
  ]) func whatLooksForTheAbsentHoldsTheOwner(_ source: String) throws {
    #expect(try locks(source) == [AnchorTests.ownKey])
  }

  @Test(arguments: [
    // What is found is held itself.
    "record.parts.exists(p, p.quantity > 3)", "record.customer.owner == caller.id", "record.open",
  ]) func whatIsFoundNeedsNoOwner(_ source: String) throws {
    #expect(try locks(source) == [])
  }

  @Test func anOwnerIsFoundOverARef() throws {
    let lock = try locks("size(record.thing.parts) < 3", resource: "parts", over: .candidate)
    #expect(lock.count == 1)
    #expect(lock.first?.hasPrefix("WITH candidate AS (SELECT ") == true)
    let end = #") SELECT 1 FROM "things" AS anchor, candidate AS t WHERE "anchor"."id" = "t"."thing" FOR UPDATE OF anchor"#
    #expect(lock.first?.hasSuffix(end) == true)
  }

  @Test func aCollectionWithinAnotherIsNot() throws {
    // Its owners are any number.
    #expect(try locks("record.parts.all(p, size(p.thing.parts) > 1)") == [AnchorTests.ownKey])
  }
}
