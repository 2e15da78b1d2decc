package import Base
import Crypto

/// Which run of commits a file belongs to: 16 random octets.
package struct TimelineID: Sendable, Hashable {
  package static let count = 16
  package let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  package static func random() throws(BackupError) -> TimelineID {
    do { return TimelineID(try SecureRandom.bytes(count)) } catch { throw BackupError(.storage, "no random number can be had") }
  }

  /// Nil where it is not 32 hexadecimal digits.
  init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 2 * TimelineID.count else { return nil }
    var bytes: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[place].hexadecimalValue, let low = digits[place + 1].hexadecimalValue else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  package var hexadecimal: String { bytes.hexadecimal }

  /// The name of its folder: folders sort by when they were begun, `20260131T100000.123456Z-1a2b3c4d`.
  package func folderName(begun: Timestamp, isCopy: Bool = false) -> String {
    TimelineID.moment(begun) + "-" + String(hexadecimal.prefix(8)) + (isCopy ? TimelineID.copySuffix : "")
  }

  /// Ends the names of timelines that have no log: copies by command.
  static let copySuffix = "-copy"

  /// `20260131T100000.123456Z`: always of the same length.
  static func moment(_ time: Timestamp) -> String {
    let fraction = time.microseconds - time.microseconds.dividedFloor(by: 1_000_000) * 1_000_000
    var digits: [UInt8] = []
    digits.append(padded: UInt64(fraction), width: 6)
    let second = Timestamp(microseconds: time.microseconds - fraction).description.dropLast()
    return second.filter { $0 != "-" && $0 != ":" } + "." + String(decoding: digits, as: UTF8.self) + "Z"
  }

  /// When a folder of that name was begun; nil where it is none of ours.
  static func begun(_ name: String) -> Timestamp? {
    let bytes = Array((name.hasSuffix(copySuffix) ? name.dropLast(copySuffix.count) : name[...]).utf8)
    guard bytes.count == 32, bytes[23] == UInt8(ascii: "-"), bytes[24...].allSatisfy({ $0.hexadecimalValue != nil }) else { return nil }
    var text = bytes[..<23]
    for (place, mark) in [(4, "-"), (7, "-"), (13, ":"), (16, ":")] { text.insert(contentsOf: mark.utf8, at: place) }
    return Timestamp(text)
  }
}
