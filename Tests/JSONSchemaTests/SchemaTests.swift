import JSON
import JSONSchema
import Testing

@Suite struct SchemaTests {
  private func violations(_ schema: String, _ value: String) throws -> [String] {
    let schema = try JSONSchema(Array(schema.utf8))
    return schema.violations(of: try JSONDocument.parse(Array(value.utf8)).root).map { "\($0.pointer) \($0.code)" }
  }

  private func problems(_ schema: String) -> [String] {
    do throws(JSONSchemaFailure) {
      _ = try JSONSchema(Array(schema.utf8))
      return []
    } catch {
      return error.problems.map { "/" + $0.path.joined(separator: "/") + ": " + $0.message }
    }
  }

  // MARK: What is told

  @Test func everythingThatIsWrongIsToldAtOnceWithItsPlace() throws {
    let schema = #"""
      {"type": "object", "required": ["a", "b"], "additionalProperties": false,
       "properties": {"a": {"type": "integer", "minimum": 3}, "b": true, "lines": {"type": "array", "maxItems": 2, "items":
        {"type": "object", "properties": {"sku": {"type": "string", "pattern": "^[A-Z]+$", "maxLength": 2}}}}}}
      """#
    let found = try violations(schema, #"{"a": 2, "line": 1, "lines": [{"sku": "abc"}, 7, {"sku": "A"}], "x/y~": 1}"#)
    #expect(
      Set(found) == [
        "/a range", "/b required", "/line unknown_field", "/lines length", "/lines/0/sku pattern", "/lines/0/sku length", "/lines/1 type",
        "/x~1y~0 unknown_field",
      ])
    #expect(found.count == 8)
  }

  @Test func ofAlternativesTheOneThatWasMeantIsTold() throws {
    let schema = ##"{"anyOf": [{"type": "null"}, {"$ref": "#/$defs/o"}], "$defs": {"o": {"type": "object", "required": ["a"]}}}"##
    #expect(try violations(schema, "{}") == ["/a required"])
    #expect(try violations(schema, "1") == [" schema"])
    #expect(try violations(schema, "null") == [])
  }

  @Test func whatAReferenceRefusesIsToldOnceForEachPlace() throws {
    let schema = ##"{"allOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}], "$defs": {"n": {"type": "number"}}}"##
    #expect(try violations(schema, #""x""#) == [" type"])
    // Looked at in silence first, and told after it.
    let late = ##"{"not": {"$ref": "#/$defs/n"}, "$ref": "#/$defs/n", "$defs": {"n": {"type": "number"}}}"##
    #expect(try violations(late, #""x""#) == [" type"])
  }

  @Test func noMoreThanAHundredAreTold() throws {
    let value = "[" + (0..<1000).map { _ in "\"x\"" }.joined(separator: ",") + "]"
    #expect(try violations(#"{"items": {"type": "number"}}"#, value).count == 100)
  }

  // MARK: Numbers

  @Test(arguments: [
    (#"{"const": 1}"#, "1.0", true), (#"{"const": 1e2}"#, "100", true), (#"{"enum": [0]}"#, "-0.0", true),
    (#"{"const": 9007199254740993}"#, "9007199254740992", false), (#"{"const": 18446744073709551617}"#, "18446744073709551616", false),
    (#"{"const": 18446744073709551616}"#, "18446744073709551616.0", true),
    (#"{"type": "integer"}"#, "123456789012345678901234567890", true),
    (#"{"type": "integer"}"#, "1.5e1", true), (#"{"type": "integer"}"#, "1.5e0", false), (#"{"multipleOf": 0.01}"#, "19.99", true),
    (#"{"multipleOf": 0.01}"#, "4.015", false), (#"{"multipleOf": 0.1}"#, "1e300", true), (#"{"multipleOf": 7}"#, "1e300", false),
    (#"{"multipleOf": 3}"#, "123456789012345678901234567890", true), (#"{"multipleOf": 1e-308}"#, "5e-308", true),
    (#"{"minimum": 18446744073709551616}"#, "18446744073709551615", false),
    (#"{"exclusiveMaximum": 0.30000000000000001}"#, "0.3", true), (#"{"maximum": -1.50}"#, "-1.5", true),
    (#"{"minimum": -10}"#, "-9.999999999999999999999999", true), (#"{"minimum": -10}"#, "-10.00000000000000000000001", false),
    (#"{"maximum": 0}"#, "1e-999999999999", false), (#"{"uniqueItems": true}"#, "[1, 1.0]", false),
    (#"{"uniqueItems": true}"#, #"[{"a": 1, "b": [2]}, {"b": [2e0], "a": 1.0}]"#, false),
    (#"{"uniqueItems": true}"#, "[1, true, \"1\"]", true),
    (#"{"const": "é"}"#, "\"e\u{301}\"", false), (#"{"maxLength": 1}"#, "\"\u{1F600}\"", true),
    (#"{"pattern": "^\\u00e9\\p{Letter}$"}"#, "\"éß\"", true), (#"{"pattern": "^\\ud83d\\ude00$"}"#, "\"\u{1F600}\"", true),
  ])
  func numbersAndTextsAreComparedExactly(_ schema: String, _ value: String, _ isValid: Bool) throws {
    #expect(try violations(schema, value).isEmpty == isValid)
  }

  // MARK: Schemas that are wrong

  @Test(arguments: [
    (#"{"type": "strng"}"#, "/type: type must be one of"), (#"{"properties": {"a": {"minimum": "1"}}}"#, "/properties/a/minimum: minimum"),
    (##"{"$ref": "#/$defs/x"}"##, "/$ref: there is no schema at /$defs/x"), (##"{"$ref": "https://example.com/s"}"##, "none is fetched"),
    (##"{"$ref": "#name"}"##, "no anchor \"name\""), (##"{"pattern": "(?=a)"}"##, "/pattern: the pattern is not RE2"),
    (#"{"$defs": {"a": {"patternProperties": {"[": true}}}}"#, "/$defs/a/patternProperties/[: the pattern"),
    (#"{"items": [true]}"#, "prefixItems"), (#"{"multipleOf": 0}"#, "above 0"), (#"{"required": "a"}"#, "must list names"),
    (#"{"minLength": -1}"#, "whole number"), (#"{"minLength": 1.5}"#, "whole number"), (#"{"allOf": []}"#, "not empty"),
    ("[]", "/: a schema"),
    (#"{"$schema": "http://json-schema.org/draft-07/schema#"}"#, "only https://json-schema.org/draft/2020-12/schema"),
    (#"{"$id": "a#b"}"#, "fragment"), (#"{"$defs": {"a": {"$id": "x"}, "b": {"$id": "x"}}}"#, "another schema has this $id"),
    (##"{"$anchor": "a", "$defs": {"b": {"$anchor": "a"}}}"##, "another schema has this anchor"), (##"{"$anchor": "#a"}"##, "letters"),
    (##"{"$ref": "#"}"##, "would never end"), (##"{"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}"##, "would never end"),
    (##"{"dependentSchemas": {"a": {"not": {"$ref": "#"}}}}"##, "would never end"), (##"{"$ref": "#/%zz"}"##, "no URI"),
    (##"{"$ref": "#a/b"}"##, "no anchor"),
    (##"{"$ref": "#/type", "type": "string"}"##, "is no schema"), (##"{"format": 1}"##, "format must be a string"), ("{", "byte 1"),
  ])
  func whatIsWrongWithASchemaIsSaidWithItsPlace(_ schema: String, _ words: String) {
    let problems = problems(schema)
    #expect(problems.contains { $0.contains(words) }, "\(problems)")
  }

  @Test func aSchemaThatGoesIntoTheValueMayReferToItself() throws {
    let schema = ##"{"properties": {"next": {"$ref": "#"}, "value": {"type": "number"}}, "additionalProperties": false}"##
    #expect(try violations(schema, #"{"next": {"next": {"value": "x"}}}"#) == ["/next/next/value type"])
  }

  @Test func keywordsThatNobodyKnowsAreNamed() throws {
    let schema = try JSONSchema(Array(#"{"properties": {"a": {"minLenght": 1, "x-note": 1}}}"#.utf8))
    #expect(schema.ignored.map(\.path) == [["properties", "a", "minLenght"]])
  }

  // MARK: Cost

  /// Without memory of what references led to this takes 2^40 steps.
  @Test func sharedAlternativesDoNotMultiply() throws {
    var definitions: [String] = []
    for number in 0..<40 {
      let next = ##"{"$ref": "#/$defs/d\##(number + 1)"}"##
      definitions.append(##""d\##(number)": {"anyOf": [\##(next), \##(next)]}"##)
    }
    definitions.append(#""d40": {"type": "string"}"#)
    let schema = ##"{"$ref": "#/$defs/d0", "$defs": {\##(definitions.joined(separator: ","))}}"##
    #expect(try violations(schema, "1") == [" schema"])
    #expect(try violations(schema, #""x""#) == [])
    // Over the levels of a value as well.
    let tree =
      ##"{"$ref": "#/$defs/n", "$defs": {"n": {"anyOf": [{"items": {"$ref": "#/$defs/n"}, "maxItems": 0}, {"items": {"$ref": "#/$defs/n"}}]}}}"##
    #expect(try violations(tree, String(repeating: "[", count: 60) + "1" + String(repeating: "]", count: 60)) == [])
  }

  @Test func aReferenceThatLeadsBackInTheDynamicScopeIsRefusedNotFollowedForEver() throws {
    let schema = ##"{"$dynamicAnchor": "a", "$dynamicRef": "#a"}"##
    #expect(try violations(schema, "1") == [" schema"])
  }

  @Test func whatCostsTooMuchIsRefused() throws {
    let alternatives = (0..<400).map { #"{"required": ["m\#($0)"]}"# }.joined(separator: ",")
    let schema = #"{"items": {"anyOf": [\#(alternatives)]}}"#
    let value = "[" + (0..<20_000).map { _ in "{}" }.joined(separator: ",") + "]"
    let found = try JSONSchema(Array(schema.utf8)).violations(of: try JSONDocument.parse(Array(value.utf8)).root)
    #expect(found.count == 1)
    #expect(found.first?.detail.contains("too long") == true)
  }

  @Test func referencesAreKnownByWhereTheyStandAndLead() throws {
    let schema = try JSONSchema(Array(##"{"items": {"$ref": "#/$defs/a~1b"}, "$defs": {"a/b": true}}"##.utf8))
    #expect(schema.references.map(\.from) == [["items", "$ref"]])
    #expect(schema.references.map(\.to) == [["$defs", "a/b"]])
    #expect(!schema.hasNames)
  }
}
