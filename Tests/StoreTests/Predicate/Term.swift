/// The sorts of values that random expressions have.
enum Sort: CaseIterable {
  case boolean, integer, number, decimal, string, grade, timestamp, date, duration, uuid
  /// Texts of which one spelling is kept.
  case mail
}

/// A random expression as text with holes, so that it can be shrunk part by part.
final class Term {
  let sort: Sort
  /// One more than there are parts.
  let pieces: [String]
  let parts: [Term]

  init(_ sort: Sort, _ pieces: [String], _ parts: [Term] = []) {
    self.sort = sort
    self.pieces = pieces
    self.parts = parts
  }

  convenience init(_ sort: Sort, _ text: String) { self.init(sort, [text]) }

  var text: String {
    var result = pieces[0]
    for (part, piece) in zip(parts, pieces.dropFirst()) { result += part.text + piece }
    return result
  }

  var size: Int { parts.reduce(1) { $0 + $1.size } }

  /// Smaller expressions of the same sort: a part in its place, a literal in its place, one part made smaller.
  var smaller: [Term] {
    var result: [Term] = []
    for part in parts where part.sort == sort { result.append(part) }
    if !parts.isEmpty { result += Term.literals(sort).map { Term(sort, $0) } }
    for (place, part) in parts.enumerated() {
      for candidate in part.smaller {
        var parts = parts
        parts[place] = candidate
        result.append(Term(sort, pieces, parts))
      }
    }
    return result
  }

  private static func literals(_ sort: Sort) -> [String] {
    switch sort {
    case .boolean: ["true", "false"]
    case .integer: ["0", "1"]
    case .number: ["0.0"]
    case .decimal: ["decimal(\"0\")"]
    case .string, .mail: ["\"\""]
    case .grade: ["\"low\""]
    case .timestamp: ["timestamp(\"1970-01-01T00:00:00Z\")"]
    case .date: ["date(\"1970-01-01\")"]
    case .duration: ["duration(\"0s\")"]
    case .uuid: []
    }
  }
}
