import Testing
import YAML

@Suite struct YAMLDocumentTests {
  struct Failure: Sendable {
    var text: String
    var line: Int
    var column: Int
    var message: String
  }

  static let failures: [Failure] = [
    Failure(text: "a: [1, 2", line: 2, column: 1, message: "did not find expected ',' or ']' (while parsing a flow sequence)"),
    Failure(text: "a: b: c", line: 1, column: 5, message: "mapping values are not allowed in this context"),
    Failure(text: "a: 1\n b: 2", line: 2, column: 3, message: "mapping values are not allowed in this context"),
    Failure(text: "\ta: 1", line: 1, column: 1, message: "found character that cannot start any token (while scanning for the next token)"),
    Failure(text: "a: 1\nb: 2\na: 3\n", line: 3, column: 1, message: "the key \"a\" stands here twice; first in line 1"),
    Failure(text: "a: {x: 1, 'x': 2}", line: 1, column: 11, message: "the key \"x\" stands here twice; first in line 1"),
    Failure(text: "a: &x 1\nb: {<<: *x}", line: 2, column: 5, message: "merge keys (<<) are not supported"),
    Failure(text: "a: *nobody", line: 1, column: 4, message: "no anchor &nobody stands before this"),
    Failure(text: "a: &x [1, *x]", line: 1, column: 11, message: "*x would contain itself"),
    Failure(text: "a: !!binary aGk=", line: 1, column: 4, message: "the tag !!binary is not supported"),
    Failure(text: "a: !mine {b: 1}", line: 1, column: 4, message: "the tag !mine is not supported here"),
    Failure(text: "a: !!int x", line: 1, column: 4, message: "\"x\" is not what its tag !!int says"),
    Failure(text: "%TAG !e! tag:example.org,2026:\n---\na: 1", line: 1, column: 1, message: "tag directives are not supported"),
    Failure(text: "a: 1\n---\nb: 2", line: 2, column: 1, message: "only one document is read; a second one begins here"),
    Failure(text: "? [a, b]\n: 1", line: 1, column: 3, message: "a key must be a plain name, not a list"),
    Failure(text: "a: \"\\q\"", line: 1, column: 5, message: "found unknown escape character (while parsing a quoted scalar)"),
    Failure(text: "é: 1\nü: \u{1}", line: 2, column: 4, message: "control characters are not allowed"),
    Failure(text: "a: x\u{2028}y", line: 1, column: 5, message: "U+0085, U+2028 and U+2029 must be written as escapes (\\N, \\L, \\P)"),
  ]

  @Test(arguments: failures)
  func `what is wrong is said with its place`(failure: Failure) {
    let errors = YAMLDocument(failure.text).errors
    #expect(errors.map(\.message) == [failure.message])
    #expect(errors.map(\.mark) == [YAMLMark(line: failure.line, column: failure.column)])
  }

  @Test func `octets that are not UTF-8 are refused with their place`() {
    let document = YAMLDocument(Array("a: 1\nb: ".utf8) + [0xFF, 0x0A])
    #expect(document.root == nil)
    #expect(document.errors.map(\.mark) == [YAMLMark(line: 2, column: 4)])
  }

  @Test func `several mistakes are told at once`() {
    let document = YAMLDocument("a: 1\na: 2\nb: !x 1\nc: {<<: 1}")
    #expect(document.errors.map(\.mark.line) == [2, 3, 4])
    #expect(document.root != nil)
  }

  @Test func `places count characters, not bytes`() throws {
    let root = try #require(YAMLDocument("größe: 'ä'  # x\nliste:\n  - {a: 1, b: [x, y]}\n", source: 7).root)
    #expect(root.mark == YAMLMark(line: 1, column: 1, source: 7))
    #expect(root["größe"]?.mark == YAMLMark(line: 1, column: 8, source: 7))
    let item = try #require(root["liste"]?.items.first)
    #expect(item.mark == YAMLMark(line: 3, column: 5, source: 7))
    #expect(item.members[1].key.mark == YAMLMark(line: 3, column: 12, source: 7))
    #expect(item["b"]?.items[1].mark == YAMLMark(line: 3, column: 19, source: 7))
  }

  @Test(arguments: ["", "# nothing\n", "---\n", "\u{FEFF}"])
  func `an empty text is null`(text: String) {
    #expect(YAMLDocument(text).root?.content == .null)
    #expect(YAMLDocument(text).errors.isEmpty)
  }

  @Test func `a byte order mark is no character`() {
    #expect(YAMLDocument("\u{FEFF}a: 1").root?["a"]?.mark == YAMLMark(line: 1, column: 4))
  }

  @Test func `aliases are the value itself`() {
    let root = YAMLDocument("base: &b {x: 1}\nother: *b\nlist: [*b, *b]").root
    #expect(root?["other"] == root?["base"])
    #expect(root?["list"]?.items.count == 2)
    #expect(root?.size == 17)
  }

  @Test func `a billion laughs are refused`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...20 {
      text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
    }
    let document = YAMLDocument(text)
    #expect(document.root == nil)
    #expect(document.errors.map(\.kind) == [.limit])
  }

  @Test func `depth has a bound, through aliases too`() {
    let deep = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
    #expect(YAMLDocument(deep(64)).errors.isEmpty)
    #expect(YAMLDocument(deep(66)).errors.map(\.message) == ["nested more than 64 levels deep"])
    #expect(YAMLDocument(deep(100_000)).errors.count == 1)
    #expect(YAMLDocument("a: &a \(deep(40))\nb: [[[[[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]]]").errors.map(\.kind) == [.limit])
  }

  @Test func `size and errors have bounds`() {
    var limits = YAMLLimits()
    limits.bytesMax = 8
    #expect(YAMLDocument("a: 12345", limits: limits).errors.isEmpty)
    #expect(YAMLDocument("a: 123456", limits: limits).errors.map(\.kind) == [.limit])
    let many = String(repeating: "a: 1\n", count: 1000)
    #expect(YAMLDocument(many).errors.count == 100)
  }

  @Test func `no prefix and no changed byte of a text is a trap`() {
    let text = Array("a: &x {b: [1, 'two', \"th\\u0072ee\"], c: |\n  four\n\n  five\n, d: *x}\ne: >-\n  a\n  b\n".utf8)
    var generator = SystemRandomNumberGenerator()
    for length in 0...text.count { _ = YAMLDocument(Array(text.prefix(length))) }
    for _ in 0..<3000 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let document = YAMLDocument(bytes)
      let source = YAMLSource(bytes)
      for member in document.root?.members ?? [] { _ = source.mark(of: member.value, utf8Offset: 5) }
    }
  }
}
