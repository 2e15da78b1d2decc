/// How much a line matters.
package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case debug, info, notice, warning, error

  package var name: StaticString {
    switch self {
    case .debug: "debug"
    case .info: "info"
    case .notice: "notice"
    case .warning: "warning"
    case .error: "error"
    }
  }

  /// The level of that name; nil for another word.
  package init?(name: String) {
    guard let level = LogLevel.allCases.first(where: { $0.name.description == name }) else { return nil }
    self = level
  }

  package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// How lines are written.
package enum LogFormat: String, Sendable {
  /// One JSON object a line, for collectors.
  case json
  /// For people at a terminal.
  case text
}
