/// `search=`: words, cut and folded the way the stores cut and fold what they keep. Nothing in it is an operator.
package struct SearchText: Sendable, Equatable {
  /// What is written together (`foo-bar`), or stands in quotation marks: words that follow each other.
  package struct Term: Sendable, Equatable {
    /// Never empty.
    package var words: [String]
    /// The last word may be the beginning of one.
    package var isBeginning: Bool
  }

  /// Why a text cannot be searched for.
  package enum Refusal: Error, Equatable {
    case tooLong, noWord, tooManyWords, longWord

    package var detail: String {
      switch self {
      case .tooLong: "has more than \(SearchText.bytesMax) bytes"
      case .noWord: "holds no word: letters or digits"
      case .tooManyWords: "has more than \(SearchText.wordsMax) words"
      case .longWord: "has a word of more than \(SearchText.wordLengthMax) characters"
      }
    }
  }

  package static let bytesMax = 1_000
  package static let wordsMax = 16
  /// Characters.
  package static let wordLengthMax = 100
  /// A beginning has at least so many characters: one alone stands for itself, as it would lead to a good part of a table.
  static let beginningLengthMin = 2

  package let terms: [Term]

  package init(_ text: String) throws(Refusal) {
    guard text.utf8.count <= SearchText.bytesMax else { throw .tooLong }
    var terms: [Term] = []
    var words: [String] = []
    var word = String.UnicodeScalarView()
    var isQuoted = false
    func endWord() {
      if !word.isEmpty { words.append(String(word)) }
      word = String.UnicodeScalarView()
    }
    func endTerm() {
      endWord()
      if !words.isEmpty { terms.append(Term(words: words, isBeginning: false)) }
      words = []
    }
    for scalar in text.unicodeScalars {
      if scalar == "\"" {
        endTerm()
        isQuoted.toggle()
      } else if !isQuoted, scalar.properties.isWhitespace {
        endTerm()
      } else {
        switch WordCharacter(scalar) {
        case .part(let folded): word.append(folded)
        case .accent: break
        case .separator: endWord()
        }
      }
    }
    let isOpen = word.count >= SearchText.beginningLengthMin
    endTerm()
    if isOpen, !terms.isEmpty { terms[terms.count - 1].isBeginning = true }
    guard !terms.isEmpty else { throw .noWord }
    guard terms.reduce(0, { $0 + $1.words.count }) <= SearchText.wordsMax else { throw .tooManyWords }
    let isLong = terms.contains { $0.words.contains { $0.unicodeScalars.count > SearchText.wordLengthMax } }
    guard !isLong else { throw .longWord }
    self.terms = terms
  }
}
