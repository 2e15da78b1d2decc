import YAML

/// Collects what is found while a contract loads, and knows the files that marks speak of.
///
/// One loading, one thread: not `Sendable`.
final class Findings {
  /// More are not kept: whoever has a thousand errors starts with the first.
  static let diagnosticsMax = 1000

  private(set) var diagnostics: [Diagnostic] = []
  /// A file's name and text by the number in its marks.
  private(set) var files: [(name: String, bytes: [UInt8])] = []
  /// Files that the contract names and that could not be read.
  var unread: [String] = []
  /// Values that could not be had: what follows from that is not reported.
  var missing: Set<YAMLMark> = []
  private var sources: [Int: YAMLSource] = [:]

  init() {}

  /// Also of errors for which there was no room.
  private(set) var hasErrors = false

  /// Takes up a file; gives its number.
  func add(file: String, bytes: [UInt8]) -> Int {
    files.append((file, bytes))
    return files.count - 1
  }

  /// Message and suggestion are made only while there is room for the finding: a suggestion costs a search.
  func report(
    _ code: DiagnosticCode, _ message: @autoclosure () -> String, at mark: YAMLMark, suggestion: @autoclosure () -> String? = nil
  ) {
    if code.severity == .error { hasErrors = true }
    // Half of the room is for errors alone: none is lost behind notices.
    let room = code.severity == .error ? Findings.diagnosticsMax : Findings.diagnosticsMax / 2
    guard diagnostics.count < room else { return }
    let file = files.indices.contains(mark.source) ? files[mark.source].name : ""
    let finding = Diagnostic(
      severity: code.severity, code: code.rawValue, file: file, line: mark.line, column: mark.column, message: message(),
      suggestion: suggestion())
    if !diagnostics.contains(finding) { diagnostics.append(finding) }
  }

  /// A finding about a file as a whole.
  func report(_ code: DiagnosticCode, _ message: String, file: String) {
    if code.severity == .error { hasErrors = true }
    let finding = Diagnostic(severity: code.severity, code: code.rawValue, file: file, line: 0, column: 0, message: message)
    diagnostics.append(finding)
  }

  /// Where an offset into a scalar's text stands in its file.
  func mark(of node: YAMLNode, utf8Offset: Int) -> YAMLMark {
    let number = node.mark.source
    guard files.indices.contains(number) else { return node.mark }
    let source = sources[number] ?? YAMLSource(files[number].bytes)
    sources[number] = source
    return source.mark(of: node, utf8Offset: utf8Offset)
  }

  /// In the order of the files and their lines.
  var sorted: [Diagnostic] { Diagnostic.sorted(diagnostics, files: files.map(\.name)) }
}

extension Diagnostic {
  /// In the order of the files and their lines.
  static func sorted(_ diagnostics: [Diagnostic], files: [String]) -> [Diagnostic] {
    var order: [String: Int] = [:]
    for (number, file) in files.enumerated() where order[file] == nil { order[file] = number }
    let keyed = diagnostics.enumerated().sorted { a, b in
      let (x, y) = (a.element, b.element)
      let (fileX, fileY) = (order[x.file] ?? -1, order[y.file] ?? -1)
      return (fileX, x.line, x.column, a.offset) < (fileY, y.line, y.column, b.offset)
    }
    return keyed.map(\.element)
  }
}
