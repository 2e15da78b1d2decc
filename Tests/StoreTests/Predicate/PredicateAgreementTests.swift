import Base
import Contract
import Expression
import Store
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Random expressions over random rows have the same answer in memory, in SQLite and in PostgreSQL: true, false or an error.
///
/// `MARTLET_SEED` and `MARTLET_CASES` choose the run; a failure is shrunk and says both.
@Suite struct PredicateAgreementTests {
  /// Expressions times rows.
  static let cases = setting("MARTLET_CASES") ?? 100_000
  static let seed = UInt64(setting("MARTLET_SEED") ?? 20_260_131)
  static let rows = 40
  /// Expressions over one world; then another one is made.
  static let expressionsMax = 600

  private static func setting(_ name: String) -> Int? {
    guard let text = getenv(name) else { return nil }
    return Int(String(cString: text))
  }

  @Test(arguments: TestStore.available) func memoryAndTheStoreAgree(_ kind: TestStore) async throws {
    let (cases, rows) = (Self.cases, Self.rows)
    let total = (cases + rows - 1) / rows
    var done = 0
    var world = 0
    while done < total {
      let count = min(Self.expressionsMax, total - done)
      let seed = Self.seed &+ UInt64(world) &* 7919
      let random = RandomWorld(seed: seed, rows: rows)
      try await kind.run { store in
        try await random.fill(store)
        let oracle = AgreementOracle(world: random, store: store)
        var generator = RandomExpressions(seed: seed ^ 0xa5a5)
        var asked = 0
        var made = 0
        while asked < count {
          made += 1
          guard made < count * 4 else { throw WorldError(text: "too few of \(made) expressions can be asked of the store") }
          let term = generator.condition(depth: generator.random.below(5))
          let caller = RandomCaller(seed: generator.random.next())
          switch try await oracle.ask(term.text, caller) {
          case .agreed: asked += 1
          case .notAsked: break
          case .differed(let message):
            let (smallest, difference) = await oracle.shrink(term, caller, message)
            Issue.record("seed \(Self.seed), world \(seed), \(store.dialect):\n\(smallest)\n\(difference)\n\(caller)")
            return
          }
        }
        let tally = oracle.tally
        let answers = tally.yes + tally.no + tally.errors
        #expect(count < 100 || tally.folded * 2 < tally.expressions, "most are decided before the store is asked: \(tally)")
        #expect(count < 100 || min(tally.yes, tally.no, tally.errors) * 20 > answers, "an answer is hardly ever given: \(tally)")
      }
      done += count
      world += 1
    }
  }
}

/// A caller and a request with random properties.
struct RandomCaller: ExpressionBindings, Sendable, CustomStringConvertible {
  let id: Value?
  let roles: [String]
  let claims: [String: Value]
  let instant: Timestamp

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let isKnown = random.chance(75)
    id = isKnown ? UUID(random.pick(RandomWorld.someIDs)).map(Value.uuid) : nil
    roles = isKnown ? random.pick([[], ["admin"], ["staff", "a"], ["admin", "ab", "é"]]) : []
    var claims: [String: Value] = [:]
    claims["level"] = random.pick([.null, .integer(0), .integer(3), .integer(.max), .integer(-1)])
    claims["nick"] = random.pick([.null, .string("a"), .string("é"), .string("\0"), .string("")])
    claims["vip"] = random.pick([.null, .boolean(true), .boolean(false)])
    claims["rate"] = random.pick([.null, .number(1.5), .number(-2.25), .number(1e308)])
    claims["price"] = random.pick([
      .null, .decimal(Decimal(units: 150, scale: 2)), .decimal(Decimal(units: 9_999, scale: 3)), .decimal(Decimal(units: -2, scale: 0)),
    ])
    claims["born"] = random.pick([.null, .date(CalendarDate(days: 0)), .date(CalendarDate(days: 20_484))])
    claims["groups"] = random.pick([.list([]), .list([.integer(1), .integer(3)]), .list([.integer(.max)]), .null])
    claims["mail"] = random.pick([.null, .string("ADA@x.org"), .string("bob@x.org"), .string("\0")])
    claims["mails"] = random.pick([.null, .list([]), .list([.string("Ada@X.org"), .string("BOB@x.org")])])
    self.claims = claims
    instant = random.pick([Timestamp(microseconds: 1_769_853_600_000_000), Timestamp(microseconds: 0)])
  }

  func caller(_ member: ExpressionNode.CallerMember) -> Value? {
    switch member {
    case .id: id
    case .subject, .issuer: id == nil ? nil : .string("a")
    case .roles: .list(roles.map(Value.string))
    case .scopes: .list([])
    case .tenant: .null
    case .authenticated: .boolean(id != nil)
    case .claim(let name): claims[name] ?? .null
    }
  }

  func hasRole(_ role: String) -> Bool { roles.contains(role) }

  func request(_ member: ExpressionNode.RequestMember) -> Value? {
    switch member {
    case .ip: .string("127.0.0.1")
    case .method: .string("GET")
    case .time: .timestamp(instant)
    }
  }

  var now: Timestamp? { instant }

  var description: String { "caller \(id.map { "\($0)" } ?? "nobody"), roles \(roles), claims \(claims)" }

  static func environment(_ contract: Contract) -> ExpressionEnvironment {
    var environment = ExpressionEnvironment(schema: ContractExpressionSchema(contract))
    environment.record = "things"
    environment.hasCaller = true
    environment.hasRequest = true
    environment.hasNow = true
    environment.roles = ["admin", "staff"]
    environment.claims = [
      "level": ExpressionMember(.integer, isNullable: true), "nick": ExpressionMember(.string, isNullable: true),
      "vip": ExpressionMember(.boolean, isNullable: true), "rate": ExpressionMember(.number, isNullable: true),
      "price": ExpressionMember(.decimal, isNullable: true), "born": ExpressionMember(.date, isNullable: true),
      "groups": ExpressionMember(.list(.integer), isNullable: true), "mail": ExpressionMember(.string, isNullable: true),
      "mails": ExpressionMember(.list(.string), isNullable: true),
    ]
    return environment
  }
}
