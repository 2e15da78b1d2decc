package import Backup
package import Base

/// How a SQLite store is opened. Every queue and cache has its bound here.
package struct SQLiteOptions: Sendable {
  /// Threads that read what is quick, and as many that read what is slow, each with a connection of its own. 1 to 64.
  package var readers = 2
  /// Quick reads that may wait, and slow ones; one more is refused with `.overloaded`.
  package var readQueueMax = 4096
  /// Batches that may wait; one more is refused with `.overloaded`.
  package var writeQueueMax = 1024
  /// Batches that share one durable commit.
  package var groupMax = 128
  /// From hand-over to outcome, for reads and writes.
  package var timeout: Duration = .seconds(30)
  /// How long one statement waits for another process's lock, in milliseconds.
  package var busyTimeoutMilliseconds: Int32 = 5000
  /// Pages each connection caches, in KiB.
  package var cacheKibibytes = 4096
  /// Bytes of the file that are mapped; 0 for none (an I/O error under a mapping is a signal, not a code).
  package var mappedBytes = 0
  /// Pages of the write-ahead log after which they are copied into the file, beside the commits; at four times as many the
  /// commits wait for it.
  package var checkpointPages = 4000
  /// Opens an existing file without changing anything about it, for inspection: no lock, no log, no writes.
  package var isReadOnly = false
  /// What rows that are read are counted in.
  package var memory = MemoryBudget.unbounded

  /// Where commits are shipped to; nil for nowhere.
  package var shipping: ShippingOptions?

  package init() {}
}

extension SQLiteStore {
  /// The file that `sqlite:PATH` names; `%20` and the like are read as the byte they stand for. Nil for another scheme.
  package static func path(of url: String) -> String? {
    guard url.hasPrefix("sqlite:") else { return nil }
    var bytes: [UInt8] = []
    let text = Array(url.utf8.dropFirst(7))
    var place = 0
    while place < text.count {
      if text[place] == UInt8(ascii: "%"), place + 2 < text.count, let high = text[place + 1].hexadecimalValue,
        let low = text[place + 2].hexadecimalValue
      {
        bytes.append(high << 4 | low)
        place += 3
      } else {
        bytes.append(text[place])
        place += 1
      }
    }
    // `sqlite://PATH` is understood as well.
    if bytes.starts(with: Array("//".utf8)) { bytes.removeFirst(2) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The URL of a file, without blanks, control characters and what a contract would substitute.
  package static func url(of path: String) -> String {
    var text: [UInt8] = []
    for byte in path.utf8 {
      if byte <= 0x20 || byte >= 0x7f || "%${}\"\\".utf8.contains(byte) {
        text += [UInt8(ascii: "%"), UInt8.hexadecimalDigit(byte >> 4), UInt8.hexadecimalDigit(byte & 15)]
      } else {
        text.append(byte)
      }
    }
    return "sqlite:" + String(decoding: text, as: UTF8.self)
  }
}
