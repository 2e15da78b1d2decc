import Base
import JSON
import Testing

@Suite struct ReaderTests {
  static func parse(_ text: String, depthMax: Int = 64) throws(JSONError) -> JSONNode {
    try JSONDocument.parse(Array(text.utf8), limits: JSONLimits(depthMax: depthMax)).root
  }

  @Test func objectsKeepOrderAndAreFoundByName() throws {
    let root = try ReaderTests.parse(#" {"b": 1, "a": [true, null, {"x": "y"}], "c\n": "z", "": 0.5 } "#)
    #expect(root.kind == .object)
    #expect(root.count == 4)
    #expect(root.members.map(\.name) == ["b", "a", "c\n", ""])
    #expect(root["b"]?.int64 == 1)
    #expect(root["a"]?.count == 3)
    #expect(root["a"]?[0]?.bool == true)
    #expect(root["a"]?[1]?.isNull == true)
    #expect(root["a"]?[2]?["x"]?.stringValue == "y")
    #expect(root["c\n"]?.equals("z") == true)
    #expect(root[""]?.double == 0.5)
    #expect(root["missing"] == nil)
    #expect(root["a"]?[3] == nil)
    #expect(root["a"]?[-1] == nil)
    #expect(root["b"]?["x"] == nil)
    #expect(root["b"]?.elements.map(\.kind) == [])
  }

  @Test func rawTextIsTheSource() throws {
    let root = try ReaderTests.parse(#"[ 1.10 , "a\u0041", {"k" : [ ]} ]"#)
    let texts = root.elements.map { String(decoding: $0.rawText, as: UTF8.self) }
    #expect(texts == ["1.10", #""a\u0041""#, #"{"k" : [ ]}"#])
    #expect(root[1]?.stringValue == "aA")
    #expect(root[1]?.utf8.map(Array.init) == Array("aA".utf8))
    #expect(root[1]?.equals("aA") == true)
    #expect(root[1]?.equals("aB") == false)
    #expect(root[0]?.utf8 == nil)
    #expect(root[2]?.offset == 20)
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), ("-1", -1),
  ])
  func integersAreExact(text: String, value: Int64) throws {
    let root = try ReaderTests.parse(text)
    #expect(root.kind == .integer)
    #expect(root.int64 == value)
    #expect(root.integralValue == value)
  }

  @Test func integersPast64BitsAreNumbers() throws {
    for text in ["9223372036854775808", "-9223372036854775809", "123456789012345678901234567890"] {
      let root = try ReaderTests.parse(text)
      #expect(root.kind == .number)
      #expect(root.int64 == nil)
      #expect(root.integralValue == nil)
      #expect(root.double == Double(text))
      #expect(String(decoding: root.rawText, as: UTF8.self) == text)
    }
  }

  @Test func integralNumbersAreTold() throws {
    #expect(try ReaderTests.parse("1.0").integralValue == 1)
    #expect(try ReaderTests.parse("1e2").integralValue == 100)
    #expect(try ReaderTests.parse("1.0").int64 == nil)
    #expect(try ReaderTests.parse("1.5").integralValue == nil)
    #expect(try ReaderTests.parse("9007199254740991.0").integralValue == 9_007_199_254_740_991)
    for text in ["0.99999999999999999999", "1e-400", "4.9e-324", "1.00000000000000000001", "-0.5e-5", "9007199254740992.5"] {
      #expect(try ReaderTests.parse(text).integralValue == nil, "\(text)")
    }
    #expect(try ReaderTests.parse("1e300").integralValue == nil)
    #expect(try ReaderTests.parse("true").integralValue == nil)
  }

  @Test(arguments: [
    ("1.10", "1.10"), ("12e-1", "1.2"), ("1.5E+3", "1500"), ("-2.50e1", "-25"), ("7", "7"), ("0e400", "0"),
    ("-0.000", "0.000"),
  ])
  func decimalsAreReadFromTheText(text: String, decimal: String) throws {
    #expect(try ReaderTests.parse(text).decimal == Decimal(decimal))
  }

  @Test func decimalsThatDoNotFitAreNil() throws {
    for text in ["1e19", "1e-19", "1234567890.1234567890", "\"1\"", "1e99"] {
      #expect(try ReaderTests.parse(text).decimal == nil, "\(text)")
    }
  }

  @Test func duplicateNamesAreRefusedHoweverWritten() {
    let many = (0..<1000).map { "\"key\($0)\":\($0)" }.joined(separator: ",")
    let texts = [
      #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"a":1,"b":{},"a":2}}"#, "{\(many),\"key500\":1}",
      "[{\(many)},{\(many),\"k\\u0065y1\":0}]", #"{"":1,"":2}"#,
    ]
    for text in texts {
      let error = #expect(throws: JSONError.self) { try ReaderTests.parse(text) }
      #expect(error?.message == "the object has this member name twice")
    }
    #expect(throws: Never.self) { try ReaderTests.parse("[{\(many)},{\(many)}]") }
    #expect(throws: Never.self) { try ReaderTests.parse(#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#) }
  }

  @Test func theErrorOfADuplicateIsAtTheSecond() {
    let error = #expect(throws: JSONError.self) { try ReaderTests.parse(#"{"a":1,"b":2,"a":3}"#) }
    #expect(error?.offset == 13)
  }

  @Test func depthIsBounded() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(throws: Never.self) { try ReaderTests.parse(nested(64)) }
    let error = #expect(throws: JSONError.self) { try ReaderTests.parse(nested(65)) }
    #expect(error == JSONError(offset: 64, message: "nested deeper than 64 levels"))
    #expect(throws: JSONError.self) { try ReaderTests.parse(String(repeating: #"{"a":"#, count: 100_000)) }
    #expect(throws: Never.self) { try ReaderTests.parse("1", depthMax: 0) }
    #expect(throws: JSONError.self) { try ReaderTests.parse("[]", depthMax: 0) }
  }

  @Test func lengthIsBounded() {
    let limits = JSONLimits(bytesMax: 4)
    #expect(throws: Never.self) { try JSONDocument.parse(Array("1234".utf8), limits: limits) }
    let error = #expect(throws: JSONError.self) { try JSONDocument.parse(Array("12345".utf8), limits: limits) }
    #expect(error?.offset == 4)
    #expect(JSONLimits(bytesMax: .max).bytesMax == JSONLimits.bytesCeiling)
  }

  @Test(arguments: [
    ("", 0, "the text ends too soon"), ("[1,", 3, "the text ends too soon"), ("[1 2]", 3, "expected a comma or a closing bracket"),
    ("{\"a\" 1}", 5, "expected a colon"), ("{\"a\":1,}", 7, "expected a member name in quotes"),
    ("{\"a\":1]", 6, "expected a comma or a closing brace"), ("[1}", 2, "expected a comma or a closing bracket"),
    ("nul", 0, "expected a value"), ("01", 0, "a number must not begin with 0"), ("1 1", 2, "unexpected text after the value"),
    ("1.", 2, "the text ends too soon"), ("1.x", 2, "expected a digit after the point"),
    ("1e+x", 3, "expected a digit of the exponent"), ("-x", 1, "expected a digit"), ("\"abc", 4, "the text ends inside a string"),
    ("\"a\u{1}\"", 2, "a control character in a string must be escaped"), ("\"\\x\"", 1, "unknown escape"),
    ("\"\\u12g4\"", 1, "\\u needs four hexadecimal digits"), ("\"\\ud800x\"", 1, "a lone surrogate is not a character"),
    ("\"\\udc00\"", 1, "a lone surrogate is not a character"), ("\"\\", 2, "the text ends inside a string"),
    ("[1e999]", 1, "the number is too large"), ("\u{feff}1", 0, "a byte order mark is not allowed"),
    ("[1]]", 3, "unexpected text after the value"), ("'a'", 0, "expected a value"), ("tru3", 0, "expected a value"),
  ])
  func errorsSayWhereAndWhat(text: String, offset: Int, message: String) {
    let error = #expect(throws: JSONError.self) { try ReaderTests.parse(text) }
    #expect(error == JSONError(offset: offset, message: message))
    #expect(error?.description == "\(message) at byte \(offset)")
  }

  @Test(
    arguments: [
      [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc3],
    ] as [[UInt8]])
  func malformedUTF8IsRefusedWhereverItStands(sequence: [UInt8]) {
    for lead in 0..<9 {
      let prefix = [0x22] + [UInt8](repeating: 0x61, count: lead)
      let error = #expect(throws: JSONError.self) { try JSONDocument.parse(prefix + sequence + [0x22]) }
      #expect(error == JSONError(offset: lead + 1, message: "the bytes are not UTF-8"))
    }
  }

  @Test func everyScalarIsRead() throws {
    var text = "\""
    for code in UInt32(0x20)...0x10ffff {
      guard let scalar = Unicode.Scalar(code), scalar != "\"", scalar != "\\" else { continue }
      text.unicodeScalars.append(scalar)
    }
    text += "\""
    let value = try ReaderTests.parse(text).stringValue
    #expect(value.map { $0.utf8.count } == text.utf8.count - 2)
  }

  @Test func escapesAreResolved() throws {
    let root = try ReaderTests.parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000x""#)
    #expect(root.stringValue == "\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}\u{0}x")
  }
}
