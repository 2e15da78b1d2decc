import Base
import Contract
import JSON
import Testing

@testable import Service

@Suite struct FieldReaderTests {
  private func read(_ json: String, _ type: FieldType) throws -> Value? {
    let node = try JSONDocument.parse(Array(json.utf8)).root
    return try? FieldReader(type).value(of: node)
  }

  @Test(arguments: [
    (#""a@example.com""#, true), (#""A.B+c@Sub.Example.COM""#, true), (#""a@localhost""#, false), (#""@example.com""#, false),
    (#""a@-x.com""#, false), (#""a b@example.com""#, false), (#""a@exa mple.com""#, false), (#"".a@example.com""#, false), ("1", false),
  ])
  func addressesOfMail(json: String, isValid: Bool) throws { #expect(try (read(json, .email) != nil) == isValid) }

  @Test func anAddressIsKeptInLowerCase() throws {
    #expect(try read(#""Ada@Example.COM""#, .email) == .string("ada@example.com"))
    #expect(try read(#""HTTPS://Example.COM/Path?Q#F""#, .url) == .string("https://example.com/Path?Q#F"))
  }

  @Test(arguments: [
    (#""https://example.com""#, true), (#""http://[::1]:80/x""#, true), (#""ftp://example.com""#, false), (#""//example.com""#, false),
    (#""https://""#, false), (#""https://user@example.com""#, false), (#""https://exa mple.com""#, false),
    (#""javascript:alert(1)""#, false),
  ])
  func urls(json: String, isValid: Bool) throws { #expect(try (read(json, .url) != nil) == isValid) }

  @Test(arguments: [
    (#""12.50""#, true), (#""-0.01""#, true), (#""12""#, true), (#""12.505""#, false), (#""100000000000""#, false), ("12.5", false),
    (#""1e3""#, false), (#""""#, false), (#"".5""#, false),
  ])
  func decimals(json: String, isValid: Bool) throws {
    #expect(try (read(json, .decimal(precision: 12, scale: 2, minimum: nil, maximum: nil)) != nil) == isValid)
  }

  @Test(arguments: ["9223372036854775808", "1.5", "1e-2", "1e30", "true", "\"1\"", "null"])
  func integersAreExact(json: String) throws {
    #expect(try read(json, .integer(minimum: nil, maximum: nil)) == nil)
  }

  @Test func lengthCountsUnicodeScalars() throws {
    let type = FieldType.string(StringOptions(length: 1...2))
    #expect(try read(#""🇩🇪""#, type) != nil)
    #expect(try read(#""abc""#, type) == nil)
    #expect(try read(#""\u0000""#, type) == nil)
  }

  @Test func aPatternMatchesTheWholeValue() throws {
    let type = FieldType.string(StringOptions(length: 0...100, pattern: "[a-z]+"))
    #expect(try read(#""abc""#, type) != nil)
    #expect(try read(#""abc1""#, type) == nil)
    #expect(try read(#""abc\n""#, type) == nil)
  }

  @Test func moneyIsAnAmountAndACurrency() throws {
    let type = FieldType.money(MoneyOptions(currencies: ["EUR"], minimum: 0))
    #expect(try read(#"{"amount": 5, "currency": "EUR"}"#, type) != nil)
    for json in [
      #"{"amount": 5, "currency": "USD"}"#, #"{"amount": -1, "currency": "EUR"}"#, #"{"amount": 5}"#, #"{"currency": "EUR"}"#,
      #"{"amount": 5.5, "currency": "EUR"}"#, #"{"amount": 5, "currency": "EUR", "x": 1}"#, "5",
    ] { #expect(try read(json, type) == nil, "\(json)") }
  }

  @Test func jsonKeepsItsTextAndRefusesWhatPostgreSQLCannotHold() throws {
    #expect(try read(#"{"a": [1, 2.50]}"#, .json(JSONOptions())) == .json(Array(#"{"a": [1, 2.50]}"#.utf8)))
    #expect(try read(#"{"a": "\u0000"}"#, .json(JSONOptions())) == nil)
    #expect(try read(#"{"a": "\\u0000"}"#, .json(JSONOptions())) != nil)
  }

  @Test func listsAreCheckedElementByElement() throws {
    let type = FieldType.list(.integer(minimum: 0, maximum: 9), length: 0...3)
    #expect(try read("[1, 2]", type) == .list([.integer(1), .integer(2)]))
    for json in ["[1, 10]", "[1, null]", "[1, 2, 3, 4]", "{}"] { #expect(try read(json, type) == nil, "\(json)") }
  }
}
