import Base
import Expression

/// Whatever an expression's text is, checking it ends with a type or an error that has a place; evaluating what passes
/// ends within its budget, and folding agrees with evaluating.
enum ExpressionFuzz {
  static func run(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    for limits in [ExpressionLimits(), .request] {
      var environment = environment
      environment.limits = limits
      environment.fieldsAtTop = limits.depthMax < 64
      if environment.fieldsAtTop { environment.names = [:] }
      do throws(ExpressionError) {
        let expression = try CheckedExpression.check(text, expecting: nil, in: environment)
        evaluate(expression)
      } catch {
        precondition(error.offset >= 0 && error.offset <= text.utf8.count, "an error outside of the text")
        precondition(!error.message.isEmpty, "an error without words")
      }
    }
  }

  private static func evaluate(_ expression: CheckedExpression) {
    let bindings = Bindings()
    let result = expression.evaluate(bindings, budget: 20_000)
    guard expression.type == .boolean else { return }
    if case .success(.scalar(.boolean(let value))) = result {
      precondition(expression.holds(bindings, budget: 40_000) == value, "evaluated again it is another value")
    }
    switch RulePlan(expression).fold(bindings, budget: 20_000) {
    case .constant(let known):
      // What folding knows without the row, evaluation must find with any row; only the budgets may differ.
      if case .failure(let error) = result, error.code == .budget { return }
      if case .success(.scalar(.boolean(let value))) = result { precondition(known == value, "folded it is another value") }
    case .residual: break
    }
  }

  private static let environment: ExpressionEnvironment = {
    var environment = ExpressionEnvironment(schema: Schema())
    environment.record = "orders"
    environment.input = "orders"
    environment.hasCaller = true
    environment.hasRequest = true
    environment.hasNow = true
    environment.hasEvent = true
    environment.claims = ["tier": ExpressionMember(.string, isNullable: true)]
    environment.parameters = ["since": ExpressionMember(.date, isNullable: false)]
    environment.names = ["n": ExpressionMember(.integer, isNullable: true), "texts": ExpressionMember(.list(.string), isNullable: false)]
    return environment
  }()

  /// One resource with a field of every type, a ref to itself and its inverse.
  private struct Schema: ExpressionSchema {
    static let members: [String: ExpressionMember] = [
      "id": ExpressionMember(.uuid, isNullable: false), "flag": ExpressionMember(.boolean, isNullable: true),
      "count": ExpressionMember(.integer, isNullable: true), "ratio": ExpressionMember(.number, isNullable: true),
      "price": ExpressionMember(.decimal, isNullable: true), "name": ExpressionMember(.string, isNullable: true),
      "status": ExpressionMember(.string, isNullable: false, enumeration: ["new", "old"]),
      "at": ExpressionMember(.timestamp, isNullable: true), "day": ExpressionMember(.date, isNullable: true),
      "total": ExpressionMember(.money, isNullable: true), "extra": ExpressionMember(.dynamic, isNullable: true),
      "parent": ExpressionMember(.record("orders"), isNullable: true),
      "children": ExpressionMember(.list(.record("orders")), isNullable: false, isCollection: true),
    ]
    func member(_ name: String, of resource: String) -> ExpressionMember? { Schema.members[name] }
    func memberNames(of resource: String) -> [String] { Schema.members.keys.sorted() }
  }

  private final class Record: ExpressionRecord {
    let depth: Int
    init(depth: Int) { self.depth = depth }
    var id: Value { .uuid(UUID(high: 7, low: UInt64(depth))) }

    func member(_ name: String) -> ExpressionValue? {
      switch name {
      case "id": .scalar(id)
      case "flag": depth > 0 ? .scalar(.boolean(true)) : .null
      case "count": .scalar(.integer(depth > 0 ? .max : -1))
      case "ratio": .scalar(.number(1e300))
      case "price": .scalar(.decimal(Decimal(units: 999_999_999_999_999_999, scale: 2)))
      case "name": .scalar(.string("a\u{301}b"))
      case "status": .scalar(.string("new"))
      case "at": .scalar(.timestamp(.maximum))
      case "day": .scalar(.date(CalendarDate(days: 0)))
      case "total": Currency("EUR").map { .scalar(.money(Money(amount: .min, currency: $0))) }
      case "extra": .scalar(.json(Array(#"{"a":[1,2.5,null,{"b":"c"}]}"#.utf8)))
      case "parent": depth > 0 ? .record(Record(depth: depth - 1)) : .null
      case "children": .list(depth > 0 ? [.record(Record(depth: depth - 1)), .record(Record(depth: 0))] : [])
      default: nil
      }
    }
  }

  private struct Bindings: ExpressionBindings {
    var now: Timestamp? { Timestamp(microseconds: 1_767_225_600_000_000) }
    var record: (any ExpressionRecord)? { Record(depth: 3) }
    var input: (any ExpressionRecord)? { Record(depth: 2) }
    var event: ExpressionValue? { nil }
    func hasRole(_ role: String) -> Bool { role == "admin" }
    func parameter(_ name: String) -> Value? { .date(CalendarDate(days: 20_000)) }
    func named(_ name: String) -> ExpressionValue? {
      name == "n" ? .scalar(.integer(3)) : .scalar(.list([.string("a"), .string("b")]))
    }
  }
}
