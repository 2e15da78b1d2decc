import Crypto
import JSON

/// A line of JSON, and its SHA-256 in hexadecimal on a second line.
enum ProvenLine {
  static func encoded(_ value: JSONValue) -> [UInt8] {
    var line: [UInt8] = []
    value.append(to: &line)
    return line + Array("\n\(SHA256.hash(line).bytes.hexadecimal)\n".utf8)
  }

  /// - Throws: `.damaged` where the line is not the one that was written.
  static func value(_ bytes: [UInt8]) throws(BackupError) -> JSONValue {
    let lines = bytes.split(separator: 0x0a, maxSplits: 2, omittingEmptySubsequences: false)
    guard lines.count == 3, lines[2].isEmpty, Array(SHA256.hash(lines[0]).bytes.hexadecimal.utf8) == Array(lines[1]),
      let value = try? JSONValue(parsing: Array(lines[0]))
    else { throw BackupError(.damaged, "its checksum is another") }
    return value
  }
}
