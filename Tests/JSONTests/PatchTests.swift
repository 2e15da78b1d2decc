import JSON
import Testing

/// RFC 6902, with its appendix A.
@Suite struct PatchTests {
  private func patched(_ document: String, _ patch: String) throws -> String {
    let patch = try JSONPatch(try JSONDocument.parse(Array(patch.utf8)).root)
    return String(decoding: try patch.applied(to: try JSONValue(parsing: Array(document.utf8), exactly: true)).bytes, as: UTF8.self)
  }

  private func reason(_ document: String, _ patch: String) -> JSONPatch.Failure.Reason? {
    do {
      let result = try patched(document, patch)
      Issue.record("it gave \(result)")
      return nil
    } catch {
      return (error as? JSONPatch.Failure)?.reason
    }
  }

  @Test(arguments: [
    // Appendix A.1 to A.7, A.10, A.11, A.14, A.16
    (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"foo":"bar","baz":"qux"}"#),
    (#"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#, #"{"foo":["bar","qux","baz"]}"#),
    (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
    (#"{"foo":["bar","qux","baz"]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
    (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#, #"{"baz":"boo","foo":"bar"}"#),
    (
      #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
      #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
      #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#
    ),
    (
      #"{"foo":["all","grass","cows","eat"]}"#, #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
      #"{"foo":["all","cows","eat","grass"]}"#
    ),
    (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#, #"{"foo":"bar","child":{"grandchild":{}}}"#),
    (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#, #"{"foo":"bar","baz":"qux"}"#),
    (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
    (#"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#, #"{"foo":["bar",["abc","def"]]}"#),
    // others
    (#"{"a":1}"#, "[]", #"{"a":1}"#),
    (#"{"a":1}"#, #"[{"op":"replace","path":"","value":[]}]"#, "[]"),
    (#"{"a":1}"#, #"[{"op":"add","path":"/a","value":null}]"#, #"{"a":null}"#),
    (#"{"a":[1]}"#, #"[{"op":"copy","from":"/a","path":"/a/0"}]"#, #"{"a":[[1],1]}"#),
    (#"{"a":[1]}"#, #"[{"op":"move","from":"/a","path":"/a"}]"#, #"{"a":[1]}"#),
    (#"{"":{"":1}}"#, #"[{"op":"replace","path":"//","value":2}]"#, #"{"":{"":2}}"#),
    (#"{"a":1,"b":[1.0,{"x":1,"y":2}]}"#, #"[{"op":"test","path":"/b","value":[1,{"y":2,"x":1.0}]}]"#, #"{"a":1,"b":[1.0,{"x":1,"y":2}]}"#),
    (#"{"a":[1,2,3]}"#, #"[{"op":"add","path":"/a/3","value":4}]"#, #"{"a":[1,2,3,4]}"#),
    (#"{"a":{"b":{"c":1}}}"#, #"[{"op":"remove","path":"/a/b/c"},{"op":"test","path":"/a/b","value":{}}]"#, #"{"a":{"b":{}}}"#),
    (
      "{\"\u{e9}\":{\"x\":1},\"e\u{301}\":{}}", "[{\"op\":\"move\",\"from\":\"/\u{e9}\",\"path\":\"/e\u{301}/y\"}]",
      "{\"e\u{301}\":{\"y\":{\"x\":1}}}"
    ),
    ("{\"\u{e9}\":1}", "[{\"op\":\"add\",\"path\":\"/e\u{301}\",\"value\":2}]", "{\"\u{e9}\":1,\"e\u{301}\":2}"),
  ]) func operationsDoWhatTheyShould(_ document: String, _ patch: String, _ expected: String) throws {
    #expect(try patched(document, patch) == expected)
  }

  @Test(arguments: [
    // Appendix A.9, A.12, A.15 among them
    (#"{"baz":"qux"}"#, #"[{"op":"test","path":"/baz","value":"bar"}]"#, JSONPatch.Failure.Reason.differs),
    (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#, .absent),
    (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":"10"}]"#, .differs),
    (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/2","value":1}]"#, .absent),
    (#"{"a":[1]}"#, #"[{"op":"replace","path":"/a/1","value":1}]"#, .absent),
    (#"{"a":[1]}"#, #"[{"op":"replace","path":"/a/-","value":1}]"#, .absent),
    (#"{"a":[1]}"#, #"[{"op":"remove","path":"/a/00"}]"#, .absent),
    (#"{"a":[1]}"#, #"[{"op":"remove","path":"/a/-1"}]"#, .absent),
    (#"{"a":[1]}"#, #"[{"op":"remove","path":"/a/99999999999999999999"}]"#, .absent),
    (#"{"a":1}"#, #"[{"op":"add","path":"/a/b","value":1}]"#, .absent),
    (#"{"a":1}"#, #"[{"op":"move","from":"/b","path":"/c"}]"#, .absent),
    (#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a","path":"/a/b"}]"#, .malformed),
    (#"{"a":1}"#, #"[{"op":"copy","from":"a","path":"/c"}]"#, .malformed),
    (#"{"a":1}"#, #"[{"op":"remove","path":"/~2"}]"#, .malformed),
    (#"{"a":1}"#, #"[{"op":"remove","path":"/a~"}]"#, .malformed),
    (#"{"a":1}"#, #"[{"op":"remove"}]"#, .malformed),
    (#"{"a":1}"#, #"[{"op":"spam","path":"/a"}]"#, .malformed),
    (#"{"a":1}"#, #"[{"op":"add","path":"/a"}]"#, .malformed),
    (#"{"a":1}"#, #"[1]"#, .malformed),
    (#"{"a":1}"#, #"{"op":"remove","path":"/a"}"#, .malformed),
    (#"{"a":9007199254740993}"#, #"[{"op":"test","path":"/a","value":9007199254740992.0}]"#, .differs),
  ]) func whatCannotBeDoneIsRefused(_ document: String, _ patch: String, _ expected: JSONPatch.Failure.Reason) {
    #expect(reason(document, patch) == expected)
  }

  @Test func aRefusalNamesItsOperation() throws {
    do {
      _ = try patched(#"{"a":1}"#, #"[{"op":"test","path":"/a","value":1},{"op":"remove","path":"/b"}]"#)
      Issue.record("it was done")
    } catch let failure as JSONPatch.Failure {
      #expect(failure.pointer == "/1/path")
    }
  }

  @Test func copiesGrowNeitherWideNorDeepWithoutBound() {
    let doubling = Array(repeating: #"{"op":"copy","from":"/a","path":"/a/-"}"#, count: 40).joined(separator: ",")
    #expect(reason(#"{"a":["some text"]}"#, "[\(doubling)]") == .tooLarge)
    let deeper = Array(repeating: #"{"op":"copy","from":"","path":"/a"}"#, count: 100).joined(separator: ",")
    #expect(reason(#"{"a":1}"#, "[\(deeper)]") == .tooLarge)
    let deepest = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
    #expect(reason(#"{"a":{"b":{"c":{"d":{"e":1}}}}}"#, #"[{"op":"replace","path":"/a/b/c/d/e","value":\#(deepest)}]"#) == .tooLarge)
    let many = Array(repeating: #"{"op":"test","path":"/a","value":1}"#, count: 1_001).joined(separator: ",")
    #expect(reason(#"{"a":1}"#, "[\(many)]") == .malformed)
  }

  /// 1,000 operations on 1 MiB of small values looked at 600 million of them, on a thread that others wait for.
  @Test(arguments: [
    // An object of 100,000 members, each looked for among all; an array of 500,000 elements, moved up and down; a value of
    // 100,000 others that is measured again wherever it goes.
    ("{\"a\":{" + (0..<100_000).map { "\"m\($0)\":1" }.joined(separator: ",") + "}}", "/a/m99999", "/a/m99998"),
    ("{\"a\":[" + Array(repeating: "0", count: 500_000).joined(separator: ",") + "]}", "/a/0", "/a/1"),
    ("{\"a\":{\"b\":[" + Array(repeating: "0", count: 100_000).joined(separator: ",") + "]}}", "/a/b", "/b"),
  ])
  func manyOperationsOnALargeValueAreRefused(_ document: String, _ from: String, _ to: String) {
    let there = #"{"op":"move","from":"\#(from)","path":"\#(to)"},{"op":"move","from":"\#(to)","path":"\#(from)"}"#
    #expect(reason(document, "[" + Array(repeating: there, count: 500).joined(separator: ",") + "]") == .tooLarge)
  }

  @Test func manyOperationsOnAnOrdinaryValueAreDone() throws {
    let document = "{\"a\":{" + (0..<1_000).map { "\"m\($0)\":\($0)" }.joined(separator: ",") + "}}"
    let moves = (0..<1_000).map { #"{"op":"move","from":"/a/m\#($0)","path":"/a/n\#($0)"}"# }.joined(separator: ",")
    #expect(try patched(document, "[\(moves)]") == document.replacing("m", with: "n"))
  }

  /// Comparing each member with every other would take minutes.
  @Test(.timeLimit(.minutes(1))) func largeObjectsAreComparedInLinearTime() throws {
    let members = (0..<100_000).map { "\"m\($0)\":\($0)" }
    let document = "{\"a\":{\(members.joined(separator: ","))}}"
    let same = "{\(members.reversed().joined(separator: ","))}"
    #expect(try patched(document, "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\(same)},{\"op\":\"remove\",\"path\":\"/a\"}]") == "{}")
    let other = same.replacing("\"m7\":7", with: "\"m7\":8")
    #expect(reason(document, "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\(other)}]") == .differs)
  }

  @Test(
    "numbers keep their digits, moved or not",
    arguments: [
      "12345678901234567890", "-98765432109876543210987654321", "1.10", "0.1000000000000000055511151231257827", "1E-7", "-0", "0.0",
      "1e-400",
      "9007199254740993", "1.7976931348623157e308", "100e-2",
    ])
  func digits(number: String) throws {
    let patch =
      #"[{"op":"add","path":"/b","value":\#(number)},{"op":"copy","from":"/a/0","path":"/c"},{"op":"test","path":"/a/0","value":\#(number)}]"#
    #expect(try patched(#"{"a":[\#(number),1]}"#, patch) == #"{"a":[\#(number),1],"b":\#(number),"c":\#(number)}"#)
  }

  @Test(
    "a test compares numbers by all of their digits",
    arguments: [
      ("12345678901234567890", "12345678901234567891", false), ("1.10", "1.1", true), ("11e-1", "1.1", true), ("1.10e1", "11", true),
      ("0.1", "0.1000000000000000055511151231257827", false), ("-0", "0", true), ("0e99999999999999999999", "0", true),
      ("1e-99999999999999999999", "1e-99999999999999999998", false), ("-1.0", "1", false), ("9007199254740993.0", "9007199254740993", true),
      ("9007199254740993.0", "9007199254740992", false), ("100", "1e2", true), ("1e-400", "10e-401", true), ("1e-400", "0", false),
      ("0.1e-9223372036854775808", "1e-9223372036854775808", false),
    ])
  func sameness(one: String, other: String, isSame: Bool) {
    for (a, b) in [(one, other), (other, one)] {
      let patch = #"[{"op":"test","path":"/a","value":\#(b)}]"#
      if isSame {
        #expect((try? patched(#"{"a":\#(a)}"#, patch)) != nil)
      } else {
        #expect(reason(#"{"a":\#(a)}"#, patch) == .differs)
      }
    }
  }
}
