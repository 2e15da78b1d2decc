import Base

/// Lines of a text as they come, piece by piece. Memory is bounded by `lineBytesMax`, whatever comes. A byte order mark at the very
/// beginning is passed over.
struct LineReader: Sendable {
  struct Line: Sendable, Equatable {
    /// From 1.
    let number: Int
    /// Without its end; a CR before that is left where it is. Empty where it was too long.
    let bytes: [UInt8]
    let isTooLong: Bool
  }

  let lineBytesMax: Int
  private var number = 1
  private var bytes: [UInt8] = []
  private var isTooLong = false

  init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

  /// Reads on in a piece; `place` is moved behind what was read. Nil when the piece is used up.
  mutating func next(_ piece: [UInt8], _ place: inout Int) -> Line? {
    let end = piece[place...].firstIndex(of: UInt8(ascii: "\n"))
    let count = (end ?? piece.count) - place
    if isTooLong || bytes.count + count > lineBytesMax + 3 {
      isTooLong = true
      bytes = []
    } else {
      bytes.append(piece, in: place..<place + count)
    }
    place = end.map { $0 + 1 } ?? piece.count
    return end == nil ? nil : line()
  }

  /// The last line, where no end stands behind it.
  mutating func last() -> Line? { bytes.isEmpty && !isTooLong ? nil : line() }

  private mutating func line() -> Line {
    if number == 1, bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
    let isTooLong = isTooLong || bytes.count > lineBytesMax
    let line = Line(number: number, bytes: isTooLong ? [] : bytes, isTooLong: isTooLong)
    number += 1
    bytes = []
    self.isTooLong = false
    return line
  }
}
