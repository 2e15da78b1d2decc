import Base
import Expression

/// A small shop for the tests: orders of customers, with items.
struct TestSchema: ExpressionSchema {
  private static let members: [String: [(String, ExpressionMember)]] = [
    "customers": [
      ("id", ExpressionMember(.uuid, isNullable: false)), ("user", ExpressionMember(.record("users"), isNullable: true)),
      ("tier", ExpressionMember(.string, isNullable: false, enumeration: ["free", "pro"])),
      ("name", ExpressionMember(.string, isNullable: true)),
    ],
    "orders": [
      ("id", ExpressionMember(.uuid, isNullable: false)), ("customer", ExpressionMember(.record("customers"), isNullable: false)),
      ("status", ExpressionMember(.string, isNullable: false, enumeration: ["pending", "paid", "shipped"])),
      ("total", ExpressionMember(.money, isNullable: false)), ("count", ExpressionMember(.integer, isNullable: true)),
      ("price", ExpressionMember(.decimal, isNullable: true)), ("weight", ExpressionMember(.number, isNullable: true)),
      ("placed", ExpressionMember(.timestamp, isNullable: true)), ("day", ExpressionMember(.date, isNullable: true)),
      ("note", ExpressionMember(.string, isNullable: true)), ("open", ExpressionMember(.boolean, isNullable: true)),
      ("tags", ExpressionMember(.list(.string), isNullable: true)), ("extra", ExpressionMember(.dynamic, isNullable: true)),
      ("items", ExpressionMember(.list(.record("items")), isNullable: false, isCollection: true)),
    ],
    "items": [
      ("id", ExpressionMember(.uuid, isNullable: false)), ("order", ExpressionMember(.record("orders"), isNullable: false)),
      ("quantity", ExpressionMember(.integer, isNullable: false)),
    ],
    "users": [("id", ExpressionMember(.uuid, isNullable: false))],
  ]

  func member(_ name: String, of resource: String) -> ExpressionMember? {
    TestSchema.members[resource]?.first { $0.0 == name }?.1
  }

  func memberNames(of resource: String) -> [String] { TestSchema.members[resource]?.map(\.0) ?? [] }

  static var environment: ExpressionEnvironment {
    var environment = ExpressionEnvironment(schema: TestSchema())
    environment.record = "orders"
    environment.input = "orders"
    environment.hasCaller = true
    environment.hasRequest = true
    environment.hasNow = true
    environment.roles = ["support", "finance"]
    environment.claims = ["tier": ExpressionMember(.string, isNullable: true)]
    environment.parameters = ["since": ExpressionMember(.date, isNullable: false)]
    environment.patterns = TestPatterns()
    return environment
  }

  static var filter: ExpressionEnvironment {
    var environment = ExpressionEnvironment(schema: TestSchema())
    environment.record = "orders"
    environment.fieldsAtTop = true
    environment.hasNow = true
    return environment
  }
}

/// A record of the tests.
final class TestRecord: ExpressionRecord {
  let id: Value
  private let members: [String: ExpressionValue]

  init(_ id: String, _ members: [String: ExpressionValue] = [:]) {
    self.id = UUID(id).map(Value.uuid) ?? .null
    self.members = members
  }

  func member(_ name: String) -> ExpressionValue? { name == "id" ? .scalar(id) : members[name] }
}

struct TestBindings: ExpressionBindings {
  var id: Value? = UUID(TestBindings.user).map(Value.uuid)
  var roles: [String] = []
  var row: TestRecord?

  static let user = "01890a5d-ac96-774b-bcce-b302099a8057"

  func caller(_ member: ExpressionNode.CallerMember) -> Value? {
    switch member {
    case .id: id
    case .roles: .list(roles.map(Value.string))
    case .authenticated: .boolean(id != nil)
    case .claim, .tenant: .null
    default: nil
    }
  }

  func hasRole(_ role: String) -> Bool { roles.contains(role) }
  func parameter(_ name: String) -> Value? { .date(CalendarDate(days: 0)) }
  func request(_ member: ExpressionNode.RequestMember) -> Value? {
    member == .time ? .timestamp(Timestamp(microseconds: 0)) : .string("GET")
  }
  var now: Timestamp? { Timestamp(microseconds: 1_000_000) }
  var record: (any ExpressionRecord)? { row }
  var input: (any ExpressionRecord)? { row }
}
