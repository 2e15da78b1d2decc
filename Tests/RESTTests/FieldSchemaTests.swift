import Base
import Contract
import JSON
import JSONSchema
import Testing

@testable import REST

@Suite("Schemas of fields")
struct FieldSchemaTests {
  private static let contract: Contract = {
    var contract = Contract()
    var people = Resource(name: "people")
    people.access.read = .anyone
    var described = Resource(name: "r")
    described.fields = [Field(name: "f", type: .json(JSONOptions(schema: object)))]
    contract.resources = [people, Resource(name: "secrets"), described]
    return contract
  }()

  private static let object = try? JSONSchema(Array(#"{"type":"object","required":["a"]}"#.utf8))

  private func schema(_ type: FieldType, isInput: Bool) -> JSONValue {
    .object(FieldSchema(names: SchemaNames(Self.contract), isInput: isInput).schema(type, field: "f", resource: "r"))
  }

  static let inputs: [(FieldType, String)] = [
    (.string(StringOptions(length: 2...5)), #"{"type":"string","minLength":2,"maxLength":5}"#),
    (
      .text(StringOptions(length: 0...9, pattern: "(?i)a+")),
      #"{"type":"string","maxLength":9,"description":"Matches the RE2 pattern (?i)a+ as a whole."}"#
    ),
    (.integer(minimum: 1, maximum: nil), #"{"type":"integer","format":"int64","minimum":1,"maximum":9223372036854775807}"#),
    (.number(minimum: 0.5, maximum: 2), #"{"type":"number","format":"double","minimum":0.5,"maximum":2.0}"#),
    (
      .decimal(precision: 4, scale: 2, minimum: Decimal(units: 1, scale: 0), maximum: nil),
      #"{"type":"string","format":"decimal","pattern":"^-?[0-9]{1,2}(?:\\.[0-9]{1,2})?$","x-minimum":"1"}"#
    ),
    (.decimal(precision: 3, scale: 0, minimum: nil, maximum: nil), #"{"type":"string","format":"decimal","pattern":"^-?[0-9]{1,3}$"}"#),
    (.boolean, #"{"type":"boolean"}"#), (.timestamp, #"{"type":"string","format":"date-time"}"#),
    (.date, #"{"type":"string","format":"date"}"#), (.uuid, #"{"type":"string","format":"uuid"}"#),
    (.enumeration(["a", "b"]), #"{"type":"string","enum":["a","b"]}"#),
    (.money(MoneyOptions()), ##"{"$ref":"#/components/schemas/Money"}"##),
    (.json(JSONOptions()), "{}"), (.json(JSONOptions(schema: object)), ##"{"$ref":"#/components/schemas/RFValue"}"##),
    (.ref(Reference(resource: "people")), #"{"type":"string","format":"uuid"}"#),
    (.list(.boolean, length: 1...3), #"{"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":3}"#),
    (.secret(encrypted: false), #"{"type":"string","writeOnly":true,"format":"password"}"#),
    (.file(sizeMax: 1, types: []), ##"{"$ref":"#/components/schemas/File"}"##),
  ]

  @Test("a body's schema has the field's bounds", arguments: inputs)
  func input(_ type: FieldType, _ expected: String) {
    #expect(String(decoding: schema(type, isInput: true).bytes, as: UTF8.self) == expected)
  }

  @Test("an answer's schema promises only what rows of earlier contracts keep too")
  func output() {
    #expect(schema(.string(StringOptions(length: 2...5, pattern: "a")), isInput: false) == ["type": "string"])
    #expect(schema(.integer(minimum: 1, maximum: 2), isInput: false)["minimum"] == .integer(.min))
    #expect(schema(.number(minimum: 1, maximum: 2), isInput: false) == ["type": "number", "format": "double"])
    #expect(schema(.json(JSONOptions(schema: Self.object)), isInput: false) == [:])
    #expect(schema(.email, isInput: false) == ["type": "string", "format": "email"])
    #expect(schema(.money(MoneyOptions(currencies: ["EUR"])), isInput: false)["properties"]?["currency"]?["enum"] == ["EUR"])
  }

  @Test("a merge patch may hold a part of what lies in a field")
  func merged() {
    func schema(_ type: FieldType) -> JSONValue {
      .object(FieldSchema(names: SchemaNames(Self.contract), isInput: true, isMerged: true).schema(type, field: "f", resource: "r"))
    }
    let money = schema(.money(MoneyOptions(minimum: 3)))
    #expect(money["required"] == nil && money["additionalProperties"] == false)
    #expect(money["properties"]?["amount"]?["minimum"] == 3)
    #expect(schema(.money(MoneyOptions()))["type"] == "object")
    #expect(schema(.json(JSONOptions(schema: Self.object))) == [:])
  }

  @Test("a ref shows the record only where somebody may read it")
  func refs() {
    let people = schema(.ref(Reference(resource: "people")), isInput: false)
    #expect(people["anyOf"]?.arrayValue?.last == ["$ref": "#/components/schemas/People"])
    #expect(schema(.ref(Reference(resource: "secrets")), isInput: false)["anyOf"] == nil)
  }

  @Test("null joins whatever the type is")
  func nullable() {
    #expect(FieldSchema.nullable(["type": "string", "enum": ["a"]]) == ["type": ["string", "null"], "enum": ["a", nil]])
    #expect(FieldSchema.nullable(["$ref": "#/x"]) == ["anyOf": [["$ref": "#/x"], ["type": "null"]]])
    #expect(FieldSchema.nullable([:]) == [:])
  }

  @Test("examples keep the bounds of their type")
  func examples() {
    let cases: [(FieldType, JSONValue?)] = [
      (.string(StringOptions(length: 0...3)), "Ada"), (.string(StringOptions(length: 20...30)), "Ada Lovelacexxxxxxxx"),
      (.string(StringOptions(length: 0...3, pattern: "[a-z]{5}")), nil), (.integer(minimum: nil, maximum: -4), -4),
      (.number(minimum: 3, maximum: nil), 3.0), (.decimal(precision: 4, scale: 2, minimum: nil, maximum: nil), "1.00"),
      (.decimal(precision: 4, scale: 1, minimum: Decimal(units: 5, scale: 0), maximum: nil), "5.0"),
      (.decimal(precision: 2, scale: 2, minimum: nil, maximum: nil), "0.00"), (.boolean, true), (.date, "2026-01-31"),
      (.money(MoneyOptions(currencies: ["JPY"], minimum: 5000)), ["amount": 5000, "currency": "JPY"]),
      (.list(.date, length: 2...4), ["2026-01-31", "2026-01-31"]), (.list(.date, length: 50...60), nil),
      (.file(sizeMax: 1, types: []), nil), (.json(JSONOptions(schema: Self.object)), nil), (.url, "https://example.com/page"),
    ]
    for (type, expected) in cases { #expect(FieldExample.value(type, name: "name") == expected, "\(type)") }
  }
}

@Suite("Schemas of json fields in the document")
struct EmbeddedSchemaTests {
  private func component(_ text: String) throws -> String {
    let schema = try JSONSchema(Array(text.utf8))
    return String(decoding: EmbeddedSchema.component(schema, name: "X", resource: "r", field: "f").bytes, as: UTF8.self)
  }

  @Test("references lead to where the schema stands")
  func references() throws {
    #expect(
      try component(##"{"$schema":"https://json-schema.org/draft/2020-12/schema","items":[1],"x":0}"##.replacing("[1]", with: "true"))
        == #"{"items":true,"x":0}"#)
    #expect(
      try component(##"{"allOf":[{"$ref":"#/$defs/a~1b%20c"}],"items":{"$ref":"#"},"$defs":{"a/b c":{"type":"string"}}}"##)
        == ##"{"allOf":[{"$ref":"#/components/schemas/X/$defs/a~1b%20c"}],"items":{"$ref":"#/components/schemas/X"},"$defs":{"a/b c":{"type":"string"}}}"##
    )
  }

  @Test("a schema with names of its own is a resource of its own")
  func names() throws {
    #expect(
      try component(##"{"$ref":"#n","$defs":{"n":{"$anchor":"n"}}}"##)
        == ##"{"$ref":"#n","$defs":{"n":{"$anchor":"n"}},"$id":"urn:martlet:schema:r:f"}"##)
  }

  @Test("true and false are schemas too", arguments: [("true", "{}"), ("false", #"{"not":{}}"#)])
  func booleans(_ schema: String, _ expected: String) throws { #expect(try component(schema) == expected) }
}
