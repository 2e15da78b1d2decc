import Contract
import Store
import Testing

@testable import Service

@Suite struct IndexChoiceTests {
  private static let indexes: [IndexLayout] = {
    var orders = Resource(name: "orders")
    orders.fields = ["status", "placed", "customer", "total"].map { Field(name: $0, type: .integer(minimum: nil, maximum: nil)) }
    orders.indexes = [
      Index(parts: [.init(field: "placed", descending: true)]),
      Index(parts: [.init(field: "status"), .init(field: "placed", descending: true)]),
      Index(parts: [.init(field: "customer")]),
      Index(parts: [.init(field: "status"), .init(field: "customer"), .init(field: "placed")]),
    ]
    var contract = Contract()
    contract.resources = [orders]
    return Layout(contract)["orders"]?.indexes ?? []
  }()

  private func best(_ equal: Set<String>, _ sort: String) -> [String]? {
    let terms = sort.split(separator: ",").map { part in
      IndexChoice.Term(field: String(part.drop { $0 == "-" }), isDescending: part.hasPrefix("-"))
    }
    let order = terms.filter { $0.field != "id" }
    return IndexChoice.best(
      equal: equal, order: order, keyDescending: terms.last?.isDescending ?? true, indexes: IndexChoiceTests.indexes)?.equal
  }

  @Test(
    arguments: [
      ([], "-id", []), ([], "id", []), ([], "-placed", []), ([], "placed", []),
      (["status"], "-placed", ["status"]), (["status"], "placed", ["status"]),
      (["customer"], "-id", ["customer"]), (["customer"], "-placed", []),
      (["status", "customer"], "placed", ["status", "customer"]), (["status", "customer"], "-id", ["customer"]),
      (["id"], "-id", ["id"]), (["total"], "-placed", []),
    ] as [(Set<String>, String, [String])])
  func theMostEqualitiesThatLeaveTheOrderInPlace(equal: Set<String>, sort: String, expected: [String]) {
    #expect(best(equal, sort) == expected)
  }

  @Test(arguments: [([], "total"), ([], "status"), ([], "-placed,customer"), (["customer"], "total")] as [(Set<String>, String)])
  func anOrderWithoutAnIndexIsRefused(equal: Set<String>, sort: String) {
    #expect(best(equal, sort) == nil)
  }

  private func terms(_ sort: String) -> [IndexChoice.Term] {
    sort.split(separator: ",").map { part in
      IndexChoice.Term(field: String(part.drop { $0 == "-" }), isDescending: part.hasPrefix("-"))
    }
  }

  @Test(
    arguments: [
      (["total"], "total", ["total"]), (["total"], "-total", ["-total"]),
      (["total", "status"], "-total,placed", ["status", "-total", "placed"]),
      (["status", "status"], "total", ["status", "total"]), (["id", "status"], "total", ["status", "total"]), ([], "total", ["total"]),
    ] as [([String], String, [String])])
  func theIndexThatIsProposedNamesAFieldOnceAndServes(equal: [String], sort: String, expected: [String]) {
    let parts = IndexChoice.missing(equal: equal, order: terms(sort))
    #expect(parts == expected)
    var orders = Resource(name: "orders")
    orders.fields = ["status", "placed", "customer", "total"].map { Field(name: $0, type: .integer(minimum: nil, maximum: nil)) }
    orders.indexes = [Index(parts: parts.map { .init(field: String($0.drop { $0 == "-" }), descending: $0.hasPrefix("-")) })]
    var contract = Contract()
    contract.resources = [orders]
    let order = terms(sort)
    let choice = IndexChoice.best(
      equal: Set(equal), order: order, keyDescending: order.last?.isDescending ?? true, indexes: Layout(contract)["orders"]?.indexes ?? [])
    #expect(choice != nil)
  }
}
