import Base
import Expression
import Testing

/// Every error has its place, and a suggestion where there is one.
@Suite struct CheckerTests {
  private func error(_ source: String, _ environment: ExpressionEnvironment = TestSchema.environment) -> ExpressionError? {
    do {
      _ = try CheckedExpression.check(source, expecting: .boolean, in: environment)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    arguments: [
      ("record.total == \"x\"", 13, "money cannot be compared with a string", nil),
      ("record.totl == null", 7, "orders has no field \"totl\"", "did you mean \"total\"?"),
      ("record.status == \"piad\"", 17, "\"piad\" is none of the values", "did you mean \"paid\"?"),
      ("record.status in [\"paid\", \"lost\"]", 26, "\"lost\" is none of the values", "the values are pending, paid, shipped"),
      ("caller.has_role(\"suport\")", 16, "the role \"suport\" is not declared", "did you mean \"support\"?"),
      ("caller.tiers == \"pro\"", 7, "\"caller\" has no \"tiers\"", "did you mean \"tier\"?"),
      ("recrd.open", 0, "unknown name \"recrd\"", "did you mean \"record\"?"),
      ("open", 0, "unknown name \"open\"", "did you mean \"record.open\"?"),
      ("record.count", 7, "a boolean is expected here, not an integer", nil),
      ("record.count + record.price > 1", 13, "\"+\" is not defined for an integer and a decimal", nil),
      (
        "record.price / record.price > 1", 13, "\"/\" is not defined for a decimal and a decimal",
        "a quotient of decimals has no exact form: multiply instead"
      ),
      (
        "record.placed > \"yesterday\"", 16, "\"yesterday\" is not a timestamp",
        "write it as 2026-01-31T10:00:00Z, with at most 6 digits of a second"
      ),
      ("record.id == \"x\"", 13, "\"x\" is not a uuid", "write it as 01890a5d-ac96-774b-bcce-b302099a8057"),
      ("record.customer == record.items", 16, "a record of customers cannot be compared with a list", nil),
      ("record.items.quantity > 1", 13, "a list of items has no \"quantity\"", "ask for one with .exists(x, x.quantity == ...)"),
      ("record.note.matches(\"(\")", 20, "the pattern is not valid: missing ): (", nil),
      ("record.note = \"x\"", 12, "\"=\" is not an operator", "write == to compare"),
      ("record.open & true", 12, "\"&\" is not an operator", "write &&"),
      ("record.open &&", 14, "a value is expected here, not the end", nil),
      ("record.open true", 12, "an operator or the end is expected here, not \"true\"", nil),
      ("request.methd == \"GET\"", 8, "\"request\" has no \"methd\"", "did you mean \"method\"?"),
      ("params.sinc < record.day", 7, "there is no parameter \"sinc\"", "did you mean \"since\"?"),
      ("record.note.startWith(\"a\")", 12, "there is no function \"startWith\"", "did you mean \"startsWith\"?"),
      ("has(record)", 4, "\"has\" asks for a member", "write has(record.NAME)"),
      ("caller == null", 0, "\"caller\" is no value", "write caller.id"),
      ("1u == 1", 0, "unsigned integers are not part of the language", "leave out the u"),
      ("9223372036854775808 > 0", 0, "the integer does not fit 64 bits", nil),
      ("\"abc", 0, "the string has no closing quote", nil),
      ("\"a\\q\" == \"\"", 2, "unknown escape in a string", "write \\\\ for a backslash"),
      ("", 0, "an expression is missing", nil),
    ] as [(String, Int, String, String?)])
  func anErrorHasItsPlace(_ source: String, _ offset: Int, _ message: String, _ suggestion: String?) {
    let error = error(source)
    #expect(error?.message == message, "\(source)")
    #expect(error?.offset == offset, "\(source)")
    #expect(error?.suggestion == suggestion, "\(source)")
  }

  @Test(arguments: [
    "record.customer.user == caller.id", "record.customer == record.customer.id", "record.price > 9.99 && record.price < -.5",
    "record.weight > 1", "record.placed < timestamp(params.since)", "record.day == \"2026-01-31\"", "record.status in [\"paid\"]",
    "record.items.exists(i, i.quantity > 2 && i.order == record)", "record.tags.all(t, size(t) < 10)", "record.extra.a[0].b == 3",
    "record.total >= record.total && record.total.currency == \"EUR\"", "record.note.matches('^a+$')", "record.open == null",
    "caller.has_role(record.note)", "(record.open ? record.price : 0) > 1.5", "record.placed - now > duration(\"1h\")",
    "\"a\" in record.tags || record.count in [1, null]", "has(record.customer.name)", "caller.tier == \"pro\" // a comment",
  ]) func whatFitsTogetherIsAccepted(_ source: String) {
    #expect(error(source) == nil)
  }

  @Test func aFiltersFieldsAreTopLevelNames() {
    #expect(error("status == \"paid\" && customer.tier == \"pro\" && has(note)", TestSchema.filter) == nil)
    #expect(error("record.open", TestSchema.filter)?.message == "\"record\" is not available here")
    #expect(error("caller.id == id", TestSchema.filter)?.message == "\"caller\" is not available here")
    #expect(error("statu == \"paid\"", TestSchema.filter)?.suggestion == "did you mean \"status\"?")
  }

  @Test func aLiteralTakesTheExpectedType() throws {
    let environment = ExpressionEnvironment()
    let date = try CheckedExpression.check("\"2026-01-31\"", expecting: .date, in: environment)
    #expect(date.plainValue(NoBindings()) == .date(CalendarDate(days: 20_484)))
    let decimal = try CheckedExpression.check("12.50", expecting: .decimal, in: environment)
    #expect(decimal.plainValue(NoBindings()) == .decimal(Decimal(units: 1250, scale: 2)))
    #expect(throws: ExpressionError.self) { try CheckedExpression.check("1e2", expecting: .decimal, in: environment) }
    #expect(throws: ExpressionError.self) { try CheckedExpression.check("true", expecting: .integer, in: environment) }
  }

  @Test func depthSizeAndLengthAreBounded() {
    #expect(error(String(repeating: "(", count: 5000) + "true")?.message == "the expression is nested deeper than 64")
    #expect(error(String(repeating: "!", count: 5000) + "true")?.message == "more than 64 signs in a row")
    #expect(error(String(repeating: "!-", count: 2000) + "true")?.message == "the expression is nested deeper than 64")
    #expect(error("1" + String(repeating: " + 1", count: 80) + " > 0")?.message == "the expression is nested deeper than 64")
    #expect(error("true" + String(repeating: " && true", count: 1000))?.message == "the expression has more than 1024 parts")
    #expect(error(String(repeating: " ", count: 9000) + "true")?.message == "the expression is longer than 8192 bytes")
    #expect(error("true" + String(repeating: " || true", count: 400)) == nil)
    let nested = (0..<9).map { "[1].all(x\($0), " }.joined() + "true" + String(repeating: ")", count: 9)
    #expect(error(nested)?.message == "more than 8 macros within each other")
  }

  @Test func randomTextsAreRefusedWithoutATrap() {
    var state: UInt64 = 42
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let words = [
      "record", ".", "total", "amount", "(", ")", "[", "]", "&&", "||", "!", "-", "1", "0.5", "\"a\"", "'", "\\", "==", "<", "in", "?", ":",
      "exists", "x", ",", "size", "has", "caller", "id", "items", "null", "e9", "0x", "é", "\u{0}", "{", "`", "//", "\n", " ", "now", "%",
      "/",
    ]
    var accepted = 0
    for _ in 0..<20_000 {
      let source = (0..<next(14)).map { _ in words[next(words.count)] }.joined(separator: next(2) == 0 ? "" : " ")
      guard let expression = try? CheckedExpression.check(source, expecting: nil, in: TestSchema.environment) else { continue }
      accepted += 1
      _ = expression.evaluate(TestBindings())
      _ = RulePlan(expression).fold(TestBindings())
      _ = (expression.sqlUnsupported, expression.paths, expression.loads)
    }
    #expect(accepted > 100)
  }
}
