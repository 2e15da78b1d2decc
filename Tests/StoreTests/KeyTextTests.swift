import Base
import Store
import TestSupport
import Testing

@Suite struct KeyTextTests {
  @Test(
    "keys of several columns",
    arguments: [
      (["1", "2"], "1,2"), (["a,b", "c"], "a~1b,c"), (["a", "b,c"], "a,b~1c"), (["", ""], ","), (["~", "~1"], "~0,~01"),
      (["a", "", "~,"], "a,,~0~1"),
    ])
  func several(_ parts: [String], _ text: String) {
    #expect(KeyText.text(parts.map { .string($0) }) == text)
    #expect(KeyText.parts(of: text, count: parts.count) == parts)
  }

  @Test(
    "keys of one column stand as they are, but for nothing and tildes",
    arguments: [("a,b~1", "a,b~1"), ("~x", "~x"), ("", "~"), ("~", "~~"), ("~~", "~~~"), ("7", "7")])
  func one(_ part: String, _ text: String) {
    #expect(KeyText.text([.string(part)]) == text)
    #expect(KeyText.parts(of: text, count: 1) == [part])
  }

  @Test("what is no key's text is none", arguments: [("", 1), ("a", 2), ("a,b,c", 2), ("~,b", 2), ("~2,b", 2), ("a,b~", 2), ("", 2)])
  func none(_ text: String, _ count: Int) {
    #expect(KeyText.parts(of: text, count: count) == nil)
  }

  @Test("a row with a null in its key has none")
  func null() {
    var out: [UInt8] = []
    #expect(!KeyText.append([.null], to: &out) && !KeyText.append([.integer(1), .null], to: &out))
    #expect(out.isEmpty)
  }

  @Test("every key has a text of its own, which leads back to it")
  func roundTrip() {
    var random = SplitMix64(seed: 7)
    let letters: [Character] = ["~", ",", "0", "1", "/", "%", "ü", " ", "a", "\u{301}", "😀", "\n"]
    var seen: [Int: [String: [String]]] = [:]
    for _ in 0..<20_000 {
      let count = Int(random.next() % 3) + 1
      let parts = (0..<count).map { _ in
        String((0..<Int(random.next() % 5)).map { _ in letters[Int(random.next() % UInt64(letters.count))] })
      }
      let text = KeyText.text(parts.map { .string($0) })
      #expect(!text.isEmpty)
      #expect(KeyText.parts(of: text, count: count)?.map { Array($0.utf8) } == parts.map { Array($0.utf8) })
      let known = seen[count, default: [:]].updateValue(parts, forKey: text)
      #expect(known == nil || known == parts)
    }
  }
}
