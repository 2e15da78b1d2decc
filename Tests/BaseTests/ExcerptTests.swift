import Base
import Testing

@Suite struct ExcerptTests {
  @Test(arguments: [
    ("", ""), ("name", "name"), (String(repeating: "é", count: 64), String(repeating: "é", count: 64)),
    (String(repeating: "é", count: 65), String(repeating: "é", count: 64) + "…"),
    ("a\nb\u{0}\u{7f}\u{9b}", "a\\u{a}b\\u{0}\\u{7f}\\u{9b}"), ("\u{202e}txt\u{2028}", "\\u{202e}txt\\u{2028}"), ("日本 🇩🇪", "日本 🇩🇪"),
  ]) func aTextIsShownShortAndPlain(text: String, shown: String) { #expect(text.excerpt == shown) }

  /// One character may be of any length: an accent after the other.
  @Test func scalarsAreCounted() {
    let text = "e" + String(repeating: "\u{301}", count: 1_000_000)
    #expect(text.excerpt.unicodeScalars.count == 65)
    #expect(text.shortened == text.excerpt)
  }

  @Test func whatIsShortenedStaysAsItIs() { #expect("a\nb".shortened == "a\nb") }
}
