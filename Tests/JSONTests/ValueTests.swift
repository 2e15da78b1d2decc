import JSON
import TestSupport
import Testing

@Suite struct ValueTests {
  static let sample: JSONValue = [
    "openapi": "3.1.0", "list": [1, 2.5, true, nil, "x"], "empty": [], "none": [:], "inner": ["a": ["b": [[]]]],
  ]

  @Test func isWrittenCompactly() {
    let expected =
      #"{"openapi":"3.1.0","list":[1,2.5,true,null,"x"],"empty":[],"none":{},"inner":{"a":{"b":[[]]}}}"#
    #expect(String(decoding: ValueTests.sample.bytes, as: UTF8.self) == expected)
  }

  @Test func isWrittenForPeople() {
    let value: JSONValue = ["a": [1, ["b": nil]], "c": [:], "d": []]
    let expected = """
      {
        "a": [
          1,
          {
            "b": null
          }
        ],
        "c": {},
        "d": []
      }

      """
    #expect(String(decoding: value.prettyBytes, as: UTF8.self) == expected)
  }

  @Test func isReadBack() throws {
    #expect(try JSONValue(parsing: ValueTests.sample.bytes) == ValueTests.sample)
    #expect(try JSONValue(parsing: ValueTests.sample.prettyBytes) == ValueTests.sample)
  }

  @Test func membersAreSetReplacedAndRemoved() {
    var value: JSONValue = ["a": 1, "b": 2]
    value["a"] = "x"
    value["c"] = true
    value["b"] = nil
    #expect(value == ["a": "x", "c": true])
    #expect(value["a"]?.stringValue == "x")
    #expect(value["c"]?.boolValue == true)
    #expect(value["z"] == nil)
    #expect(value.objectValue?.names == ["a", "c"])
    var scalar: JSONValue = 3
    scalar["a"] = 1
    #expect(scalar.integerValue == 3)
    #expect((["x"] as JSONValue).arrayValue?.count == 1)
    var object = JSONObject()
    object["gone"] = nil
    #expect(object.isEmpty)
  }

  private static func random(_ depth: Int, using random: inout SplitMix64) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
    case 0: return .null
    case 1: return .boolean(Bool.random(using: &random))
    case 2: return .integer(Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random))
    case 3:
      let value = Double(bitPattern: random.next())
      return .number(value.isFinite ? value : 0.25)
    case 4, 5: return .string(text(using: &random))
    case 6: return .array((0..<Int.random(in: 0..<6, using: &random)).map { _ in self.random(depth - 1, using: &random) })
    default:
      var object = JSONObject()
      for _ in 0..<Int.random(in: 0..<40, using: &random) {
        object[text(using: &random)] = self.random(depth - 1, using: &random)
      }
      return .object(object)
    }
  }

  private static func text(using random: inout SplitMix64) -> String {
    var out = ""
    for _ in 0..<Int.random(in: 0..<20, using: &random) {
      let top: UInt32 = [0x7f, 0x7ff, 0xffff, 0x10ffff].randomElement(using: &random) ?? 0x7f
      if let scalar = Unicode.Scalar(UInt32.random(in: 0...top, using: &random)) { out.unicodeScalars.append(scalar) }
    }
    return out
  }

  @Test func randomValuesSurviveTheirText() throws {
    var random = SplitMix64(seed: 11)
    for _ in 0..<400 {
      let value = ValueTests.random(3, using: &random)
      #expect(try JSONValue(parsing: value.bytes) == value)
      #expect(try JSONValue(parsing: value.prettyBytes) == value)
    }
  }
}
