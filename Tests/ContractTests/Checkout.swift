#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Files of this checkout, found from where this test stands.
enum Checkout {
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  static func read(_ path: String) -> String? {
    guard let file = fopen("\(root)/\(path)", "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether files that are made from tables are to be written anew: set MARTLET_RECORD=1.
  static var records: Bool { getenv("MARTLET_RECORD") != nil }

  static func write(_ path: String, _ bytes: [UInt8]) {
    guard let file = fopen("\(root)/\(path)", "wb") else { return }
    defer { fclose(file) }
    fwrite(bytes, 1, bytes.count, file)
  }
}
