import JSON
import Testing

/// RFC 7396, with its appendix A.
@Suite struct MergePatchTests {
  /// The merged text; nil where nothing changes.
  private func merged(_ target: String?, _ patch: String) throws -> String? {
    let target = try target.map { try JSONDocument.parse(Array($0.utf8)).root }
    let patch = try JSONDocument.parse(Array(patch.utf8)).root
    return JSONMergePatch.merged(patch, into: target).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: [
    // Appendix A
    (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
    (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
    (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
    (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
    (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
    (#"{"a":"foo"}"#, #""bar""#, #""bar""#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
    (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#), ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    // Section 1's example
    (
      #"{"a":"b","c":{"d":"e","f":"g"}}"#, #"{"a":"z","c":{"f":null}}"#, #"{"a":"z","c":{"d":"e"}}"#
    ),
    // Bytes stay; names are compared with their escapes resolved.
    (#"{"n":1.10,"m":[1, 2e3 ]}"#, #"{"x":0.0100}"#, #"{"n":1.10,"m":[1, 2e3 ],"x":0.0100}"#),
    (#"{"n":123456789012345678901234567890}"#, #"{"o":{"p":null}}"#, #"{"n":123456789012345678901234567890,"o":{}}"#),
    (#"{"\u0061":1,"b":2}"#, #"{"a":{"c":3},"\u0062":null}"#, #"{"\u0061":{"c":3}}"#),
  ]) func objectsAreMergedAndTheRestIsReplaced(_ target: String, _ patch: String, _ expected: String) throws {
    #expect(try merged(target, patch) == expected)
  }

  @Test(arguments: [
    (#"{"a":"b", "c":{"d":1}}"#, "{}"), (#"{"a":"b", "c":{"d":1}}"#, #"{"a":"b","c":{}}"#), (#"{"a":"b"}"#, #"{"x":null}"#),
    (#"{"a":{"b":[1]}}"#, #"{"a":{"b":[1]}}"#), ("[1]", "[1]"),
  ]) func whatChangesNothingIsSaid(_ target: String, _ patch: String) throws { #expect(try merged(target, patch) == nil) }

  @Test func withoutATargetOnlyNullsGo() throws {
    #expect(try merged(nil, #"{"a":{"b":null,"c":[null]},"d":null}"#) == #"{"a":{"c":[null]}}"#)
  }

  /// Past a few members names are found in a table; 20,000 of them on both sides would else be 400 million comparisons.
  @Test func manyMembersAreMergedByTheirNames() throws {
    func text(_ range: Range<Int>, _ value: Int) -> String { "{" + range.map { "\"m\($0)\":\(value)" }.joined(separator: ",") + "}" }
    let result = try #require(try merged(text(0..<20_000, 1), text(10_000..<30_000, 2)))
    let object = try #require(try JSONValue(parsing: Array(result.utf8)).objectValue)
    #expect(object.count == 30_000)
    #expect(object.members.count { $0.value == .integer(2) } == 20_000)
  }
}
