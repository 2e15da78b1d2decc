import Base

/// Comma-separated values (RFC 4180) as they come, piece by piece: bytes in, records out. Memory is bounded by `recordBytesMax` and
/// `cellsMax`, whatever comes.
///
/// A record ends with CRLF or LF outside quotes. A byte order mark at the very beginning is passed over. Any byte may stand in a
/// cell: whether it is text is not looked at here.
package struct CSVReader: Sendable {
  /// One record: its cells, and the line of the text that it begins at, from 1.
  package struct Record: Sendable, Equatable {
    package let line: Int
    /// What its cells hold, one after the other, without their quotes.
    let bytes: [UInt8]
    let ends: [Int]
    let quoted: [Bool]
    /// Cells that it has, also those past `cellsMax`, which are not kept.
    package let cellCount: Int
    /// It has more than `recordBytesMax`: nothing of it is kept.
    package let isTooLong: Bool

    /// What one cell holds; nil for an empty one without quotes. `place` is one of `min(cellCount, cellsMax)`.
    package subscript(_ place: Int) -> ArraySlice<UInt8>? {
      let start = place == 0 ? 0 : ends[place - 1]
      return start == ends[place] && !quoted[place] ? nil : bytes[start..<ends[place]]
    }

    /// Cells that are kept.
    package var keptCount: Int { ends.count }
    /// A line with nothing on it.
    package var isBlank: Bool { cellCount == 1 && !isTooLong && bytes.isEmpty && quoted.first != true }
  }

  /// Where the quotes make no sense. Nobody can tell where the next record begins.
  package struct Malformed: Error, Sendable, Equatable {
    /// Of the record.
    package let line: Int
    package let detail: String
  }

  private enum State {
    case recordStart, cellStart, plain, quoted, quoteInQuoted, carriageReturn
  }

  package let recordBytesMax: Int
  package let cellsMax: Int
  private var state = State.recordStart
  private var marks = 0
  private var line = 1
  private var recordLine = 1
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  private var quoted: [Bool] = []
  private var cellCount = 0
  private var isQuoted = false
  private var isTooLong = false

  /// - Parameters:
  ///   - recordBytesMax: of all cells of a record; of a longer one nothing is kept.
  ///   - cellsMax: of a record; those past it are counted only.
  package init(recordBytesMax: Int, cellsMax: Int) {
    self.recordBytesMax = recordBytesMax
    self.cellsMax = cellsMax
  }

  /// Whether it stands between two records.
  package var isBetweenRecords: Bool { state == .recordStart }

  /// Reads on in a piece.
  ///
  /// - Parameter place: where to go on; moved behind what was read.
  /// - Returns: the next record, or nil when the piece is used up.
  package mutating func next(_ piece: [UInt8], _ place: inout Int) throws(Malformed) -> Record? {
    while place < piece.count {
      let byte = piece[place]
      if marks < 3 {
        // U+FEFF as its three bytes, at the beginning only.
        if byte == CSVReader.byteOrderMark[marks], state == .recordStart {
          marks += 1
          place += 1
          continue
        }
        if marks > 0 { for mark in CSVReader.byteOrderMark[..<marks] { try take(mark) } }
        marks = 3
      }
      place += 1
      let ended = try take(byte)
      if byte == UInt8(ascii: "\n") { line += 1 }
      if ended { return record() }
    }
    return nil
  }

  /// The last record, where no line end stands behind it. Call it at the end, once.
  package mutating func last() throws(Malformed) -> Record? {
    if marks > 0, marks < 3 {
      for mark in CSVReader.byteOrderMark[..<marks] { try take(mark) }
      marks = 3
    }
    switch state {
    case .recordStart: return nil
    case .quoted: throw malformed("a quote is not closed")
    case .carriageReturn: throw malformed("a CR stands without LF")
    case .cellStart, .plain, .quoteInQuoted:
      endCell()
      return record()
    }
  }

  private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  private func malformed(_ detail: String) -> Malformed { Malformed(line: recordLine, detail: detail) }

  /// - Returns: whether the record has ended.
  @discardableResult
  private mutating func take(_ byte: UInt8) throws(Malformed) -> Bool {
    switch state {
    case .recordStart, .cellStart:
      if state == .recordStart { recordLine = line }
      state = .plain
      if byte == UInt8(ascii: "\"") {
        isQuoted = true
        state = .quoted
        return false
      }
      return try takePlain(byte)
    case .plain: return try takePlain(byte)
    case .quoted:
      if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { keep(byte) }
      return false
    case .quoteInQuoted:
      switch byte {
      case UInt8(ascii: "\""):
        keep(byte)
        state = .quoted
        return false
      case UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return try takePlain(byte)
      default: throw malformed("something stands behind a closing quote")
      }
    case .carriageReturn:
      guard byte == UInt8(ascii: "\n") else { throw malformed("a CR stands without LF") }
      return try takePlain(byte)
    }
  }

  private mutating func takePlain(_ byte: UInt8) throws(Malformed) -> Bool {
    switch byte {
    case UInt8(ascii: ","):
      endCell()
      state = .cellStart
    case UInt8(ascii: "\r"): state = .carriageReturn
    case UInt8(ascii: "\n"):
      endCell()
      return true
    case UInt8(ascii: "\""): throw malformed("a quote stands within a cell that does not begin with one")
    default: keep(byte)
    }
    return false
  }

  private mutating func keep(_ byte: UInt8) {
    guard !isTooLong, cellCount < cellsMax else { return }
    guard bytes.count < recordBytesMax else {
      isTooLong = true
      bytes = []
      ends = []
      quoted = []
      return
    }
    bytes.append(byte)
  }

  private mutating func endCell() {
    if cellCount < cellsMax, !isTooLong {
      ends.append(bytes.count)
      quoted.append(isQuoted)
    }
    cellCount += 1
    isQuoted = false
  }

  private mutating func record() -> Record {
    let record = Record(line: recordLine, bytes: bytes, ends: ends, quoted: quoted, cellCount: cellCount, isTooLong: isTooLong)
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    quoted.removeAll(keepingCapacity: true)
    cellCount = 0
    isTooLong = false
    state = .recordStart
    return record
  }
}
