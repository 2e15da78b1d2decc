import TestSupport
import Testing

@testable import CSV

@Suite("Comma-separated values") struct CSVTests {
  /// Every record as its cells, `-` for one that is not there.
  private func read(_ text: [UInt8], step: Int = .max, recordBytesMax: Int = 1000, cellsMax: Int = 10) throws -> [String] {
    var reader = CSVReader(recordBytesMax: recordBytesMax, cellsMax: cellsMax)
    var found: [String] = []
    func add(_ record: CSVReader.Record) {
      if record.isTooLong { return found.append("\(record.line): too long, \(record.cellCount)") }
      let cells = (0..<record.keptCount).map { record[$0].map { "<" + String(decoding: $0, as: UTF8.self) + ">" } ?? "-" }
      found.append("\(record.line): " + cells.joined() + (record.cellCount > record.keptCount ? " of \(record.cellCount)" : ""))
    }
    var rest = text[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(step))
      rest = rest.dropFirst(step)
      var place = 0
      while let record = try reader.next(piece, &place) { add(record) }
    }
    if let record = try reader.last() { add(record) }
    return found
  }

  @Test(
    "records are read as RFC 4180 has them, however they are cut",
    arguments: [
      ("", []), ("a,b\r\n1,2\r\n", ["1: <a><b>", "2: <1><2>"]), ("a\n1", ["1: <a>", "2: <1>"]),
      ("a,,\"\"\n", ["1: <a>-<>"]), ("\"a\"\"b\",\"x,y\"\r\nc", ["1: <a\"b><x,y>", "2: <c>"]),
      ("\"two\r\nlines\",1\nnext,2\n", ["1: <two\r\nlines><1>", "3: <next><2>"]), ("\u{feff}a,b\n", ["1: <a><b>"]),
      ("\u{feff}", []), ("a\n\nb\n", ["1: <a>", "2: -", "3: <b>"]), (",", ["1: --"]), ("é,ü\n", ["1: <é><ü>"]),
      ("1,2,3,4,5,6,7,8,9,10,11,12\n", ["1: <1><2><3><4><5><6><7><8><9><10> of 12"]), ("\r\n", ["1: -"]),
    ])
  func records(text: String, wanted: [String]) throws {
    for step in [1, 2, 3, 7, Int.max] { #expect(try read(Array(text.utf8), step: step) == wanted, "step \(step)") }
  }

  @Test("a beginning of a byte order mark that is none is text") func halfMark() throws {
    #expect(try read([0xef, 0xbb, 0x61, 0x0a]) == ["1: <\(String(decoding: [0xef, 0xbb, 0x61], as: UTF8.self))>"])
    #expect(try read([0xef]) == ["1: <\u{fffd}>"])
  }

  @Test("a record past the bound is told, and nothing of it is kept") func tooLong() throws {
    let long = "a\n\"" + String(repeating: "x,\n", count: 500) + "\",y\nb\n"
    #expect(try read(Array(long.utf8)) == ["1: <a>", "2: too long, 2", "503: <b>"])
  }

  @Test(
    "where the quotes make no sense reading ends, with the line",
    arguments: [
      ("a\nb,\"c", 2), ("a\n\"b\"c\n", 2), ("a\nb\"c\n", 2), ("a\rb\n", 1), ("a\nb\r", 2), ("\"", 1), ("a\n\"x\n\n\n", 2),
    ])
  func malformed(text: String, line: Int) {
    for step in [1, 2, Int.max] {
      do {
        _ = try read(Array(text.utf8), step: step)
        Issue.record("it was read")
      } catch {
        #expect((error as? CSVReader.Malformed)?.line == line)
      }
    }
  }

  @Test("what is written is read back as it was") func roundTrip() throws {
    var random = SplitMix64(seed: 7)
    let bytes: [UInt8] = Array("a,\"\r\n é=".utf8)
    for _ in 0..<500 {
      let cells: [[UInt8]?] = (0..<Int(random.next() % 4) + 2).map { _ in
        random.next() % 4 == 0 ? nil : (0..<Int(random.next() % 6)).map { _ in bytes[Int(random.next() % UInt64(bytes.count))] }
      }
      var out: [UInt8] = []
      for (place, cell) in cells.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        if let cell { CSVWriter.append(cell: cell[...], to: &out) }
      }
      CSVWriter.appendLineEnd(to: &out)
      var reader = CSVReader(recordBytesMax: 1000, cellsMax: 10)
      var place = 0
      let record = try #require(try reader.next(out, &place))
      #expect(place == out.count)
      #expect((0..<record.keptCount).map { record[$0].map(Array.init) } == cells)
    }
  }
}
