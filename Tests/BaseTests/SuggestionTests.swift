import Base
import Testing

@Suite struct SuggestionTests {
  static let words = ["customers", "orders", "order_items", "products", "id"]

  @Test(arguments: [
    ("custmers", "customers"), ("cutsomers", "customers"), ("Customers", "customers"), ("order", "orders"), ("orderitems", "order_items"),
    ("porducts", "products"), ("idd", "id"),
  ])
  func `a slip finds its word`(word: String, expected: String) {
    #expect(Suggestion.nearest(word, in: SuggestionTests.words) == expected)
  }

  @Test(arguments: ["", "x", "payments", "qqqqqqqq"])
  func `what is far is no suggestion`(word: String) {
    #expect(Suggestion.nearest(word, in: SuggestionTests.words) == nil)
  }

  @Test func `long words and long lists are bounded`() {
    #expect(Suggestion.nearest(String(repeating: "a", count: 65), in: [String(repeating: "a", count: 65)]) == nil)
    #expect(Suggestion.nearest("last", in: Array(repeating: "other", count: 5000) + ["last"]) == nil)
  }

  @Test func `the question is ready to print`() {
    #expect(Suggestion.question("custmers", in: SuggestionTests.words) == "did you mean \"customers\"?")
  }
}
