import Base
import CSV
import Store

/// Where the bytes of an import come from.
package protocol BytePieces: Sendable {
  /// The next bytes; nil at the end.
  mutating func next() async throws(Failure) -> [UInt8]?
}

/// One record of an import.
struct ImportRow: Sendable {
  /// Where it begins, from 1.
  let line: Int
  /// As a JSON object; empty where it cannot be read.
  let text: [UInt8]
  /// Why it cannot be read.
  let failure: Failure?
}

/// The records of a text, whatever its form, as they come.
struct ImportRows: Sendable {
  private enum Reader: Sendable {
    case lines(LineReader)
    case csv(CSVReader)
  }

  /// Bytes of a record: what a request that makes one may have.
  static let recordBytesMax = 1 << 20
  static let columnsMax = 1_000

  private var pieces: any BytePieces
  private var reader: Reader
  private let plan: ResourcePlan
  private let facts: Facts
  private var columns: CSVInput?
  private var piece: [UInt8] = []
  private var place = 0
  private var isAtEnd = false

  init(_ pieces: any BytePieces, form: TransferForm, plan: ResourcePlan, facts: Facts) {
    self.pieces = pieces
    self.plan = plan
    self.facts = facts
    switch form {
    case .ndjson: reader = .lines(LineReader(lineBytesMax: ImportRows.recordBytesMax))
    case .csv: reader = .csv(CSVReader(recordBytesMax: ImportRows.recordBytesMax, cellsMax: ImportRows.columnsMax))
    }
  }

  /// The next record; nil at the end.
  ///
  /// - Throws: where nothing behind it can be read.
  mutating func next() async throws(Failure) -> ImportRow? {
    while true {
      if let row = try step() { return row }
      if isAtEnd { return nil }
      if let next = try await pieces.next() {
        piece = next
        place = 0
      } else {
        isAtEnd = true
        piece = []
        place = 0
        return try last()
      }
    }
  }

  private mutating func step() throws(Failure) -> ImportRow? {
    while place < piece.count {
      switch reader {
      case .lines(var lines):
        // Two owners of its buffer would have it copied.
        reader = .lines(LineReader(lineBytesMax: 0))
        let line = lines.next(piece, &place)
        reader = .lines(lines)
        if let line, let row = row(line) { return row }
      case .csv(var csv):
        reader = .csv(CSVReader(recordBytesMax: 0, cellsMax: 0))
        let record: CSVReader.Record?
        do throws(CSVReader.Malformed) { record = try csv.next(piece, &place) } catch { throw ImportRows.malformed(error) }
        reader = .csv(csv)
        if let record, let row = try row(record) { return row }
      }
    }
    return nil
  }

  private mutating func last() throws(Failure) -> ImportRow? {
    switch reader {
    case .lines(var lines): return lines.last().flatMap(row)
    case .csv(var csv):
      let record: CSVReader.Record?
      do throws(CSVReader.Malformed) { record = try csv.last() } catch { throw ImportRows.malformed(error) }
      return try record.flatMap { (record: CSVReader.Record) throws(Failure) in try row(record) }
    }
  }

  private static func malformed(_ error: CSVReader.Malformed) -> Failure {
    var failure = Failure(
      .validation, "The record that begins at line \(error.line) cannot be read; nobody can tell where the next one begins",
      items: [.init(code: "csv", detail: error.detail)])
    failure.members.append(("line", Array(String(error.line).utf8)))
    return failure
  }

  private static var tooLong: Failure { Failure(.bodyTooLarge, "A record may be \(recordBytesMax) bytes long") }

  private func row(_ line: LineReader.Line) -> ImportRow? {
    if line.isTooLong { return ImportRow(line: line.number, text: [], failure: ImportRows.tooLong) }
    // Nothing but white space.
    if line.bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { return nil }
    return ImportRow(line: line.number, text: line.bytes, failure: nil)
  }

  private mutating func row(_ record: CSVReader.Record) throws(Failure) -> ImportRow? {
    guard let columns else {
      self.columns = try CSVInput(header: record, plan: plan, facts: facts)
      return nil
    }
    if record.isTooLong { return ImportRow(line: record.line, text: [], failure: ImportRows.tooLong) }
    if record.isBlank, columns.count > 1 { return nil }
    do throws(Failure) {
      return ImportRow(line: record.line, text: try columns.json(record), failure: nil)
    } catch {
      return ImportRow(line: record.line, text: [], failure: error)
    }
  }
}
