import Contract
import Testing

/// A contract with one mistake or more: `@@` stands before the place of each, and is no part of the text.
struct Finding: Sendable, CustomTestStringConvertible {
  var codes: [String]
  var text: String
  var environment: [String: String]
  var files: [String: String]

  /// `martlet: 1` is put in front unless the text begins with `%`.
  init(_ codes: String, _ text: String, environment: [String: String] = [:], files: [String: String] = [:]) {
    self.codes = codes.split(separator: " ").map(String.init)
    self.text = text.hasPrefix("%") ? String(text.dropFirst()) : "martlet: 1\n" + text
    self.environment = environment
    self.files = files
  }

  var testDescription: String { "\(codes.joined(separator: " ")): \(text.prefix(120))" }

  /// `MRT0101 3:5` for each mark, in order.
  var expected: [String] {
    var places: [String] = []
    var (line, column) = (1, 1)
    var rest = Array(text.unicodeScalars)[...]
    while let scalar = rest.first {
      if scalar == "@", rest.dropFirst().first == "@" {
        places.append("\(line):\(column)")
        rest = rest.dropFirst(2)
        continue
      }
      (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
      rest = rest.dropFirst()
    }
    return zip(codes, places).map { "\($0) \($1)" } + codes.dropFirst(places.count).map { "\($0) 0:0" }
  }

  var result: LoadResult {
    let plain = text.split(separator: "@@", omittingEmptySubsequences: false).joined()
    return ContractLoader.load(text: plain, environment: environment, files: files)
  }

  /// The errors, and findings of other kinds where the case asks for their code.
  var found: [Diagnostic] { result.diagnostics.filter { $0.severity == .error || codes.contains($0.code) } }

  /// A resource `things` with these fields, open to read.
  static func fields(_ codes: String, _ fields: String, access: String = "{read: anyone}", more: String = "") -> Finding {
    let lines = fields.split(separator: "\n").map { "      \($0)\n" }.joined()
    let options = more.split(separator: "\n").map { "    \($0)\n" }.joined()
    return Finding(codes, "roles: [admin]\nresources:\n  things:\n    access: \(access)\n    fields:\n\(lines)\(options)")
  }
}
