/// A place in PostgreSQL's write-ahead log, which the server writes as `16/B374D848`.
enum LogPosition {
  /// Nil where the text is none.
  static func number(_ text: String) -> UInt64? {
    let halves = text.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2, let high = half(halves[0]), let low = half(halves[1]) else { return nil }
    return high << 32 | low
  }

  private static func half(_ text: Substring) -> UInt64? {
    guard (1...8).contains(text.utf8.count), text.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
    return UInt64(text, radix: 16)
  }
}
