import Testing
import YAML

@Suite struct YAMLSourceTests {
  /// Each text holds an `@`: that is where offset of `@` in the value must be found.
  @Test(arguments: [
    "a: x == @y", "a:   'it''s @ here'", "a: \"tab\\t\\u00e9\\x41 @\"", "a: |\n  one\n  two @ three\n", "a: >\n  one\n  two\n\n  @four\n",
    "a: one\n  two\n  @three", "é: 'ü\n   @'", "a: \"one \\\n   two @\"", "a: >-\n    one &&\n      @two\n", "a: ä@",
    "a: \"one\n\n  two @\"",
  ])
  func `an offset in a value is found in its text`(text: String) throws {
    let document = YAMLDocument(text)
    let node = try #require(document.root?.members.first?.value)
    let offset = try #require(Array(node.text.utf8).firstIndex(of: UInt8(ascii: "@")))
    var (line, column) = (1, 1)
    for scalar in text.unicodeScalars {
      if scalar == "@" { break }
      if scalar == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
    }
    #expect(YAMLSource(Array(text.utf8)).mark(of: node, utf8Offset: offset) == YAMLMark(line: line, column: column))
  }

  @Test func `the end of a value is past its last character`() throws {
    let node = try #require(YAMLDocument("a: abc").root?["a"])
    #expect(YAMLSource(Array("a: abc".utf8)).mark(of: node, utf8Offset: 3) == YAMLMark(line: 1, column: 7))
  }
}
