import Base

extension Diagnostic {
  /// `martlet.yaml:12:5: error MRT0101: there is no key "feilds" (did you mean "fields"?)`. With the text of its file a
  /// second and third line show the place.
  package func rendered(source: String? = nil) -> String {
    let place = line > 0 ? "\(file):\(line):\(column)" : file
    var text = "\(place): \(severity.rawValue) \(code): \(message)"
    if let suggestion { text += " (\(suggestion))" }
    guard let source, line > 0, let written = Diagnostic.line(line, of: source) else { return text }
    let before = written.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
    return text + "\n  \(written)\n  \(before)^"
  }

  private static func line(_ number: Int, of source: String) -> String? {
    let lines = source.split(maxSplits: number, omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return lines.count >= number ? String(lines[number - 1]) : nil
  }
}

extension Diagnostic.Severity: Comparable {
  /// An error is the most severe.
  package static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .notice: 0
    case .warning: 1
    case .error: 2
    }
  }
}
