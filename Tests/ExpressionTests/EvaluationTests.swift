import Base
import Expression
import Testing

/// Values, nulls and errors in memory.
@Suite struct EvaluationTests {
  private func customer(_ user: String?) -> TestRecord {
    TestRecord(
      "01890a5d-ac96-774b-bcce-b302099a8051",
      [
        "user": user.flatMap { UUID($0) }.map { .scalar(.uuid($0)) } ?? .null, "tier": .scalar(.string("pro")), "name": .null,
      ])
  }

  private func order(_ customer: TestRecord?) -> TestRecord {
    func item(_ id: String, _ quantity: Int64) -> ExpressionValue {
      .record(TestRecord(id, ["quantity": .scalar(.integer(quantity))]))
    }
    return TestRecord(
      "01890a5d-ac96-774b-bcce-b302099a8050",
      [
        "customer": customer.map { .record($0) } ?? .null, "status": .scalar(.string("paid")),
        "total": Currency("EUR").map { .scalar(.money(Money(amount: 1999, currency: $0))) } ?? .null, "count": .null,
        "price": .scalar(.decimal(Decimal(units: 1050, scale: 2))), "weight": .scalar(.number(1.5)), "note": .scalar(.string("é")),
        "open": .null, "tags": .scalar(.json(Array("[\"a\",\"b\"]".utf8))),
        "extra": .scalar(.json(Array("{\"a\":[{\"b\":3}],\"x\":1.0}".utf8))),
        "items": .list([
          item("01890a5d-ac96-774b-bcce-b302099a8041", 2), item("01890a5d-ac96-774b-bcce-b302099a8042", 0),
        ]),
      ])
  }

  private func evaluate(_ source: String, _ bindings: TestBindings) throws -> ExpressionResult {
    try CheckedExpression.check(source, expecting: nil, in: TestSchema.environment).evaluate(bindings)
  }

  /// `true`, `false`, or the error's code.
  private func outcome(_ source: String, customer: TestRecord?, id: Bool = true) throws -> String {
    var bindings = TestBindings()
    if !id { bindings.id = nil }
    bindings.row = order(customer)
    switch try evaluate(source, bindings) {
    case .success(let value):
      if case .scalar(.boolean(let flag)) = value { return "\(flag)" }
      return "\(value.value)"
    case .failure(let error): return error.code.rawValue
    }
  }

  @Test(arguments: [
    ("record.customer.user == caller.id", "true"), ("record.customer == record.customer.id", "true"),
    ("record.count == null", "true"), ("record.count != 3", "true"), ("record.count < 3", "null"), ("record.count + 1 == 2", "null"),
    ("record.count < 3 || true", "true"), ("record.count < 3 && false", "false"), ("!(record.count < 3)", "null"),
    ("record.open", "null"), ("record.open == null && !has(record.open)", "true"), ("record.customer.name == null", "true"),
    ("has(record.customer.name)", "false"), ("size(record.customer.name) == 0", "null"),
    ("1 / 0 == 1 || record.status == \"paid\"", "true"),
    ("9223372036854775807 + 1 > 0", "overflow"), ("1 % 0 == 0", "division by zero"), ("-9223372036854775808 % -1 == 0", "true"),
    ("record.price == 10.5 && record.price * 2 == decimal(\"21\")", "true"), ("record.price > 10.49", "true"),
    ("record.weight * 1e308 * 10.0 > 0.0", "overflow"), ("record.weight / 0.0 > 0.0", "division by zero"),
    ("record.total.amount > 1998 && record.total.currency == \"EUR\"", "true"), ("record.note == \"e\\u0301\"", "false"),
    ("size(record.note) == 1 && record.note.startsWith(\"é\")", "true"), ("\"a\" in record.tags && !(\"c\" in record.tags)", "true"),
    ("size(record.tags) == 2 && record.tags[1] == \"b\"", "true"), ("record.tags[2] == \"b\"", "missing"),
    ("record.extra.a[0].b == 3 && record.extra.x == 1", "true"), ("record.extra.y == 3", "missing"),
    ("record.extra == record.extra", "type"),
    ("record.items.exists(i, 10 / i.quantity == 5)", "true"), ("record.items.all(i, 10 / i.quantity == 5)", "division by zero"),
    ("record.items.all(i, 10 / i.quantity == 4)", "false"), ("record.items.exists_one(i, 10 / i.quantity == 5)", "division by zero"),
    ("record.items.exists_one(i, i.quantity == 2)", "true"), ("timestamp(params.since) < now", "true"),
    ("timestamp(\"9999-12-31T23:59:59Z\") + duration(\"1s\") > now", "range"), ("now - duration(\"1s\") == request.time", "true"),
    ("date(now) == params.since", "true"), ("caller.tier == \"pro\"", "false"), ("record.note.matches(\"^.$\")", "true"),
    ("(record.status == \"paid\" ? 1 : 1 / 0) == 1", "true"), ("[1, 2] + [3] == [1, 2, 3]", "true"), ("\"a\" < \"b\"", "true"),
    ("\"\\uffff\" < \"\\U00010000\"", "true"), ("null in [1, null]", "true"), ("record.count in []", "false"),
  ]) func nullAndErrorsFollowTheRules(_ source: String, _ expected: String) throws {
    #expect(try outcome(source, customer: customer(TestBindings.user)) == expected, "\(source)")
  }

  @Test func aMemberOfNullIsNull() throws {
    #expect(try outcome("record.customer.user == null", customer: nil) == "true")
    #expect(try outcome("record.customer.user == caller.id", customer: nil) == "false")
  }

  @Test func hasAsksForWhatMayBeMissing() throws {
    #expect(try outcome("has(caller.id)", customer: nil, id: false) == "false")
    #expect(try outcome("has(caller.id) && has(params.since) && !has(caller.tier)", customer: nil) == "true")
    #expect(try outcome("has(record.extra.a) && !has(record.extra.y) && !has(record.extra.x.y)", customer: nil) == "true")
  }

  @Test func aCallerWithoutATokenMatchesNoOwnerlessRecord() throws {
    #expect(try outcome("record.customer.user == caller.id", customer: customer(nil), id: false) == "missing")
    #expect(try outcome("record.customer.user != caller.id", customer: customer(nil), id: false) == "missing")
    #expect(try outcome("caller.authenticated && record.customer.user == caller.id", customer: customer(nil), id: false) == "false")
  }

  @Test func theBudgetEndsWhatTakesTooLong() throws {
    let list = "[" + Array(repeating: "1", count: 60).joined(separator: ",") + "]"
    let source = "\(list).all(a, \(list).all(b, \(list).all(c, \(list).all(d, a + b + c + d > 0)))) || true"
    let expression = try CheckedExpression.check(source, expecting: .boolean, in: ExpressionEnvironment())
    #expect(!expression.holds(NoBindings()))
    guard case .failure(let error) = expression.evaluate(NoBindings()) else {
      Issue.record("no error")
      return
    }
    #expect(error.code == .budget)
  }

  @Test(
    arguments: [
      ("1h30m", 5_400_000_000), ("1.5s", 1_500_000), ("-20ms", -20_000), ("3000ns", 3), ("0", 0), ("1us", 1),
      ("2562047h", 9_223_369_200_000_000),
    ] as [(String, Int64)]) func durationsAreRead(_ text: String, _ microseconds: Int64) throws
  {
    let expression = try CheckedExpression.check("duration(\"\(text)\")", expecting: .duration, in: ExpressionEnvironment())
    #expect(expression.plainValue(NoBindings()) == .duration(microseconds))
  }

  @Test(arguments: ["", "1", "h", "1ns", "2562048h", "1.5.5s", "1x", "--1s", "99999999999999999999s", "1h-1m"])
  func otherTextsAreNoDurations(_ text: String) {
    #expect(throws: ExpressionError.self) {
      try CheckedExpression.check("duration(\"\(text)\")", expecting: .duration, in: ExpressionEnvironment())
    }
  }
}
