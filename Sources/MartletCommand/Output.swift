import Base
import Telemetry

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Results go to standard output, words for people to standard error.
enum Output {
  static func result(_ text: String) { result(Array(text.utf8)) }
  static func result(_ bytes: [UInt8]) { _ = SystemFile.write(bytes, to: 1) }
  static func words(_ text: String) { _ = SystemFile.write(Array((text + "\n").utf8), to: 2) }

  /// Words whose line is not at its end.
  static func unfinished(_ text: String) { _ = SystemFile.write(Array(text.utf8), to: 2) }

  static var isTerminal: Bool { isatty(2) == 1 }

  static func bold(_ text: String) -> String {
    LogWriter.wantsColour(descriptor: 2) ? "\u{1b}[1m\(text)\u{1b}[0m" : text
  }
}
