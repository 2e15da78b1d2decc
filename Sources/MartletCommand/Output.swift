import Telemetry

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Results go to standard output, words for people to standard error.
enum Output {
  static func result(_ text: String) { write(Array(text.utf8), to: 1) }
  static func result(_ bytes: [UInt8]) { write(bytes, to: 1) }
  static func words(_ text: String) { write(Array((text + "\n").utf8), to: 2) }

  static var isTerminal: Bool { isatty(2) == 1 }

  static func bold(_ text: String) -> String {
    LogWriter.wantsColour(descriptor: 2) ? "\u{1b}[1m\(text)\u{1b}[0m" : text
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { writeOnce(descriptor, $0) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  private static func writeOnce(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
    Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #else
    Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }
}
