import JSON
import TestSupport
import Testing

@Suite struct WriterTests {
  private func text(_ write: (inout [UInt8]) -> Void) -> String {
    var out: [UInt8] = []
    write(&out)
    return String(decoding: out, as: UTF8.self)
  }

  @Test func scalars() {
    #expect(text { $0.appendJSON(null: ()) } == "null")
    #expect(text { $0.appendJSON(bool: true) } == "true")
    #expect(text { $0.appendJSON(bool: false) } == "false")
    #expect(text { $0.appendJSON(integer: .min) } == "-9223372036854775808")
  }

  @Test(arguments: [
    (1.0, "1.0"), (0.1, "0.1"), (-2.5, "-2.5"), (1e20, "1e+20"), (.leastNonzeroMagnitude, "5e-324"), (.nan, "null"), (.infinity, "null"),
    (-.infinity, "null"), (0.1 + 0.2, "0.30000000000000004"),
  ])
  func numbersAreShortest(value: Double, expected: String) {
    #expect(text { $0.appendJSON(number: value) } == expected)
  }

  @Test(arguments: [
    ("", #""""#), ("plain", #""plain""#), ("a\"b\\c/d", #""a\"b\\c/d""#),
    ("\u{8}\u{9}\u{a}\u{c}\u{d}\u{1}\u{1f}\u{7f}", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\u{7f}\""),
    ("grüße 😀", "\"grüße 😀\""), ("\n", #""\n""#),
  ])
  func stringsAreEscaped(value: String, expected: String) {
    #expect(text { $0.appendJSON(string: value) } == expected)
    #expect(text { $0.appendJSON(utf8: Array(value.utf8)[...]) } == expected)
    #expect(text { $0.appendJSON(utf8: Array(value.utf8).span) } == expected)
  }

  @Test func malformedBytesAreRepairedAsADecoderWould() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<20_000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        bytes.append(
          [0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0xf0, 0x90, 0xf4, 0x8f, 0xff, 0xe2, 0x82, 0xac].randomElement(using: &random) ?? 0)
      }
      var out: [UInt8] = []
      bytes.withUnsafeBufferPointer { out.appendJSON(utf8: $0) }
      #expect(Array(out.dropFirst().dropLast()) == Array(String(decoding: bytes, as: UTF8.self).utf8))
    }
  }

  @Test func keys() {
    #expect(text { $0.appendJSONKey("x") } == #""x":"#)
    #expect(text { $0.appendJSONKey("b\"") } == #""b\"":"#)
  }
}
