import Base
import Testing

@Suite struct PercentEncodingTests {
  @Test(
    "everything but unreserved characters is encoded",
    arguments: [
      ("", ""), ("aZ09-._~", "aZ09-._~"), ("a b&c=d", "a%20b%26c%3Dd"), ("ü/?#", "%C3%BC%2F%3F%23"), ("+,", "%2B%2C"),
    ])
  func queries(text: String, encoded: String) {
    #expect(PercentEncoding.query(text) == encoded)
    #expect(PercentEncoding.decode(ArraySlice(encoded.utf8), plusIsSpace: true) == text)
  }

  @Test func aCompositeKeyKeepsItsCommas() { #expect(PercentEncoding.path("a,b/c") == "a,b%2Fc") }

  @Test func aPlusIsASpaceInQueriesAlone() {
    #expect(PercentEncoding.decode(ArraySlice("a+b%2b".utf8), plusIsSpace: true) == "a b+")
    #expect(PercentEncoding.decode(ArraySlice("a+b%2b".utf8), plusIsSpace: false) == "a+b+")
  }

  @Test("what is damaged is not read", arguments: ["%", "%4", "%4g", "%g4", "a%", "%00", "\0", "%ff", "%C3", "%ED%A0%80"])
  func damaged(text: String) {
    #expect(PercentEncoding.decode(ArraySlice(text.utf8), plusIsSpace: true) == nil)
  }
}
