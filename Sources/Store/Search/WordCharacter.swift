/// What a character is to the words of a text: the same on every store.
enum WordCharacter: Equatable, Sendable {
  /// It stands between words.
  case separator
  /// An accent of its own: part of a word, and left out of it.
  case accent
  /// Part of a word, in the form that words are compared in: small, without accents.
  case part(Unicode.Scalar)

  init(_ scalar: Unicode.Scalar) {
    if let folded = WordCharacter.folded[scalar.value] {
      self = .part(folded)
    } else if WordCharacter.accents.contains(scalar.value) {
      self = .accent
    } else {
      self = WordCharacter.isPart(scalar.value) ? .part(scalar) : .separator
    }
  }

  /// Each character that stands for another.
  static let folded: [UInt32: Unicode.Scalar] = {
    var folded: [UInt32: Unicode.Scalar] = [:]
    for start in stride(from: 0, to: WordTables.folds.count, by: 5) {
      let run = WordTables.folds[start..<(start + 5)].map { $0 }
      for place in 0..<run[1] {
        folded[run[0] + place * run[2]] = Unicode.Scalar(run[3] + (run[4] == 1 ? place * run[2] : 0))
      }
    }
    return folded
  }()

  static let accents = Set(WordTables.accents)

  /// By halves: the runs lie in order.
  private static func isPart(_ value: UInt32) -> Bool {
    var (low, high) = (0, WordTables.words.count / 2)
    while low < high {
      let middle = (low + high) / 2
      if value > WordTables.words[2 * middle + 1] { low = middle + 1 } else { high = middle }
    }
    return low < WordTables.words.count / 2 && value >= WordTables.words[2 * low]
  }
}
