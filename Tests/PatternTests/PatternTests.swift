import Pattern
import Testing

@Suite struct PatternTests {
  @Test(arguments: [
    ("[A-Z0-9-]{3,32}", "ABC-1", true), ("[A-Z0-9-]{3,32}", "xABC-1", false), ("[A-Z]+", "AB\n", false),
    ("a|ab", "ab", true), ("", "", true), ("", "x", false), (".", "é", true), ("\\p{L}+", "Grüße", true), ("^a$", "a", true),
    ("(?i)abc", "ABC", true), ("a.b", "a\0b", true),
  ])
  func `the whole text must match`(pattern: String, text: String, matches: Bool) throws {
    let compiled = try Pattern(pattern)
    #expect(compiled.matches(whole: text) == matches)
    #expect(compiled.matches(whole: Array(text.utf8)) == matches)
  }

  @Test func `anywhere is what CEL asks`() throws {
    let pattern = try Pattern("b+")
    #expect(pattern.matches(anywhereIn: "abbc"))
    #expect(!pattern.matches(anywhereIn: "acc"))
    #expect(!pattern.matches(whole: "abbc"))
  }

  @Test(arguments: ["(", "[a", "a**", "(?<=a)b", "\\1(a)", "a{2,1}", "a{1001}", "\\", "((((a{100}){100}){100}){100})"])
  func `what is not a pattern is refused with a reason`(pattern: String) {
    #expect { try Pattern(pattern) } throws: { error in (error as? PatternError)?.message.isEmpty == false }
  }

  @Test func `a pattern has a bound`() {
    #expect(throws: PatternError(message: "longer than 4096 bytes")) { try Pattern(String(repeating: "a", count: 4097)) }
  }

  @Test func `the classic catastrophe is linear`() throws {
    let pattern = try Pattern("(a*)*b")
    #expect(!pattern.matches(whole: String(repeating: "a", count: 100_000)))
  }

  @Test func `bytes that are not UTF-8 do no harm`() throws {
    #expect(!(try Pattern("a+")).matches(whole: [0x61, 0xFF, 0xC3]))
  }
}
