package import Base

/// One commit as the write-ahead log had it: the pages that it wrote.
package struct LoggedCommit: Sendable, Equatable {
  /// Counted from 1 in its timeline, without a gap.
  package var number: UInt64
  /// When it was durable, by the machine's clock; never before that of the commit before it.
  package var time: Timestamp
  /// The two salts of the log that it stood in.
  package var salts: UInt64
  /// Its first frame in that log, counted from 1.
  package var position: UInt32
  /// Pages of the database after it.
  package var databasePages: UInt32
  /// Its frames as the log has them: 24 octets, of which the first four are the page's number, and the page.
  package var pages: [UInt8]

  package init(number: UInt64, time: Timestamp, salts: UInt64, position: UInt32, databasePages: UInt32, pages: [UInt8]) {
    self.number = number
    self.time = time
    self.salts = salts
    self.position = position
    self.databasePages = databasePages
    self.pages = pages
  }

  /// Octets before a page.
  package static let pageHeaderBytes = 24
  /// Octets before a commit's pages.
  static let headerBytes = 8 + 8 + 8 + 4 + 4 + 4

  func append(to out: inout [UInt8], pageSize: Int) {
    out.append(bigEndian: number)
    out.append(bigEndian: UInt64(bitPattern: time.microseconds))
    out.append(bigEndian: salts)
    out.append(bigEndian: position)
    out.append(bigEndian: databasePages)
    out.append(bigEndian: UInt32(clamping: pages.count / (LoggedCommit.pageHeaderBytes + pageSize)))
    out.append(contentsOf: pages)
  }

  /// Nil where there are too few bytes, or no such moment.
  init?(_ reader: inout ByteReader, pageSize: Int) {
    guard let number = reader.number64(), let time = reader.number64(), let salts = reader.number64(), let position = reader.number32(),
      let databasePages = reader.number32(), let count = reader.number32(),
      let bytes = reader.take(Int(count) * (LoggedCommit.pageHeaderBytes + pageSize))
    else { return nil }
    let moment = Timestamp(microseconds: Int64(bitPattern: time))
    guard moment >= .minimum, moment <= .maximum else { return nil }
    self.init(
      number: number, time: moment, salts: salts, position: position,
      databasePages: databasePages, pages: Array(bytes))
  }

  /// Each page's number and bytes, in the order of the log.
  package func forEachPage<E>(of pageSize: Int, _ body: (_ number: UInt32, _ bytes: ArraySlice<UInt8>) throws(E) -> Void) throws(E) {
    let stride = LoggedCommit.pageHeaderBytes + pageSize
    var place = 0
    while place + stride <= pages.count {
      let number = pages[place..<(place + 4)].reduce(0) { $0 << 8 | UInt32($1) }
      try body(number, pages[(place + LoggedCommit.pageHeaderBytes)..<(place + stride)])
      place += stride
    }
  }
}
