/// Finds what was probably meant: for `did you mean`.
package enum Suggestion {
  /// Longer words are not compared: the work is bounded by the square of this.
  package static let lengthMax = 64
  /// More candidates are not looked at.
  package static let candidatesMax = 4096

  /// The candidate nearest to the word, if it is near: within a third of its length (at least one letter) of insertions,
  /// deletions, changes and swaps of neighbours. Case counts nothing. The first of equals wins.
  package static func nearest(_ word: String, in candidates: some Sequence<String>) -> String? {
    let letters = word.utf8.map(\.lowercased)
    guard !letters.isEmpty, letters.count <= lengthMax else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in candidates.prefix(candidatesMax) {
      let other = candidate.utf8.map(\.lowercased)
      guard !other.isEmpty, other.count <= lengthMax else { continue }
      let allowed = max(1, max(letters.count, other.count) / 3)
      guard abs(letters.count - other.count) <= allowed else { continue }
      let distance = distance(letters, other)
      if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    // Two words of one or two letters are always near; that is no hint.
    return best.flatMap { $0.distance < letters.count ? $0.word : nil }
  }

  /// `did you mean "x"?`, or nil.
  package static func question(_ word: String, in candidates: some Sequence<String>) -> String? {
    nearest(word, in: candidates).map { "did you mean \"\($0)\"?" }
  }

  /// Optimal string alignment.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    var current = previous
    for i in 1...a.count {
      current[0] = i
      for j in 1...b.count {
        let change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        var least = min(change, min(previous[j], current[j - 1]) + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { least = min(least, before[j - 2] + 1) }
        current[j] = least
      }
      (before, previous, current) = (previous, current, before)
    }
    return previous[b.count]
  }
}
