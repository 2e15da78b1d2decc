import Base
import JSON
import Store
import TestSupport
import Testing

@testable import SQLiteStore

/// Rows as JSON through the buffer, held against the functions that write every kind into an array.
@Suite("SQLite's rows as JSON") struct RowBufferTests {
  private func connection() throws -> Connection { try Connection(path: ":memory:", role: .inspector, options: SQLiteOptions()) }

  private func encoding(_ contents: [RowEncoding.Content], visibleWhen: [Int?] = [], columns: [Int]? = nil) -> RowEncoding {
    RowEncoding(
      fields: contents.enumerated().map { place, content in
        var key: [UInt8] = []
        key.appendJSONKey("field \(place)")
        return RowEncoding.Field(
          key: key, column: columns.map { $0[place] } ?? place, content: content,
          visibleWhen: visibleWhen.indices.contains(place) ? visibleWhen[place] : nil)
      }, captures: [])
  }

  /// The same rows by the long way alone.
  private func byArray(_ text: String, _ encoding: RowEncoding, _ connection: Connection) -> Result<[UInt8], StoreError> {
    do throws(StoreError) {
      var out: [UInt8] = []
      do throws(DriverError) {
        let statement = try connection.compile(text, persistent: false)
        defer { statement.finalize() }
        var error: StoreError?
        while error == nil, try statement.step() == .row {
          do throws(StoreError) { try append(encoding, statement, &out) } catch let found { error = found }
        }
        if let error { return .failure(error) }
      } catch {
        throw error.storeError
      }
      return .success(out)
    } catch {
      return .failure(error)
    }
  }

  private func append(_ encoding: RowEncoding, _ statement: PreparedStatement, _ out: inout [UInt8]) throws(StoreError) {
    out.append(UInt8(ascii: "{"))
    var separator = ""
    for field in encoding.fields {
      if let visibleWhen = field.visibleWhen, !statement.isTrue(Int32(visibleWhen)) { continue }
      out.append(separator)
      separator = ","
      out.append(contentsOf: field.key)
      switch field.content {
      case .scalar(let kind): try statement.appendJSON(of: Int32(field.column), as: kind, to: &out)
      case .money: try statement.appendMoney(at: Int32(field.column), to: &out)
      case .joined(let kinds): try statement.appendJoined(at: Int32(field.column), kinds, to: &out)
      }
    }
  }

  private func byBuffer(_ text: String, _ encoding: RowEncoding, _ connection: Connection) -> Result<[UInt8], StoreError> {
    do throws(StoreError) {
      return .success(
        try connection.read(Query(Statement(text: text, parameters: []), [], encoding: encoding, rowsMax: 100)).json)
    } catch {
      return .failure(error)
    }
  }

  private func agree(_ text: String, _ encoding: RowEncoding, _ connection: Connection) -> Bool {
    switch (byBuffer(text, encoding, connection), byArray(text, encoding, connection)) {
    case (.success(let a), .success(let b)):
      if a != b { Issue.record("\(text): \(String(decoding: a, as: UTF8.self)) is not \(String(decoding: b, as: UTF8.self))") }
      return true
    case (.failure(let a), .failure(let b)):
      #expect(a.code == b.code && a.message == b.message, "\(text): \(a) is not \(b)")
      return false
    case (let a, let b):
      Issue.record("\(text): \(a) is not \(b)")
      return false
    }
  }

  static let kinds: [ColumnKind] = [
    .text, .integer, .uuid, .timestamp, .boolean, .number, .decimal(scale: 2), .date, .json, .bytes, .decimalAsReal(scale: 3),
    .timestampAsText, .dateAsText, .timestampAsUnixSeconds, .timestampAsUnixMilliseconds, .booleanAsTexts(yes: "Y", no: "N"),
    .uuidAsText,
  ]

  /// SQL literals of every storage class, the extremes of each among them.
  static let literals: [String] =
    [
      "NULL", "0", "1", "-1", "9", "10", "99", "100", "-10", "9223372036854775807", "-9223372036854775808", "1000000000000000000",
      "-62135596800000000", "-62135596800000001", "253402300799999999", "253402300800000000", "1700000000123456", "1700000000000000",
      "0.0", "-0.0", "1.5", "9e999", "-9e999", "1e300", "3.0", "1e-320", "''", "'Y'", "'N'", "'plain'", "'12345678'", "'a\"b'", "'a\\b'",
      "'{\"a\": 1}'", "'42'", "'2026-01-31'", "'2026-01-31T10:00:00Z'", "'01900000-0000-7000-8000-00000000004D'", "x''", "x'00'",
      "x'0190000000007000800000000000004d'", "x'0190000000007000800000000000004d00'", "x'ff80c3'",
    ]
    // As text: no UTF-8, an overlong form, a surrogate, a NUL, a sequence that breaks off.
    + ["80", "c080", "eda080", "610062", "6162636465666768e2", "f09f9880", "c3a4c3b6c3bc", "0a09080d0c1f7f22"].map {
      "CAST(x'\($0)' AS TEXT)"
    }

  @Test("every kind over every storage class", arguments: RowBufferTests.kinds) func allPairs(_ kind: ColumnKind) throws {
    let connection = try connection()
    var written = 0
    for literal in Self.literals where agree("SELECT \(literal) AS a", encoding([.scalar(kind)]), connection) { written += 1 }
    #expect(written > 1)
  }

  @Test("captured values are those that a column is read as", arguments: RowBufferTests.kinds) func captures(_ kind: ColumnKind) throws {
    let connection = try connection()
    for literal in Self.literals {
      for column in [0, 1, -1] {
        let text = "SELECT \(literal) AS a"
        let encoding = RowEncoding(fields: [], captures: [.init(column: column, kind: kind)])
        let found = Result<[Value], StoreError> { () throws(StoreError) in
          try connection.read(Query(Statement(text: text, parameters: []), [], encoding: encoding, rowsMax: 1)).captured
        }
        let statement = try connection.compile(text, persistent: false)
        defer { statement.finalize() }
        _ = try statement.step()
        let wanted = Result<[Value], StoreError> { () throws(StoreError) in [try statement.value(of: Int32(column), as: kind)] }
        switch (found, wanted) {
        case (.success(let a), .success(let b)): #expect(a == b, "\(text)")
        case (.failure(let a), .failure(let b)): #expect(a.code == b.code && a.message == b.message, "\(text)")
        default: Issue.record("\(text): \(found) is not \(wanted)")
        }
      }
    }
  }

  @Test("money in every pair of storage classes, and a currency that is not there") func money() throws {
    let connection = try connection()
    for amount in Self.literals {
      for currency in ["NULL", "'EUR'", "''", "'E\"R'", "978", "x'455552'", "1.5"] {
        _ = agree("SELECT \(amount) AS a, \(currency) AS b", encoding([.money]), connection)
      }
      #expect(!agree("SELECT \(amount) AS a", encoding([.money]), connection))
    }
    #expect(!agree("SELECT 1 AS a", encoding([.scalar(.integer)], columns: [1]), connection))
    #expect(!agree("SELECT 1 AS a", encoding([.scalar(.integer)], columns: [-1]), connection))
  }

  @Test("random rows", arguments: 0..<8 as Range<UInt64>) func randomRows(_ seed: UInt64) throws {
    let connection = try connection()
    var random = SplitMix64(seed: 77 &+ seed)
    var written = 0
    for _ in 0..<400 {
      let width = 1 + random.below(8)
      var contents: [RowEncoding.Content] = []
      var visibleWhen: [Int?] = []
      for column in 0..<width {
        switch random.below(12) {
        case 0 where column + 1 < width: contents.append(.money)
        case 1 where column + 1 < width: contents.append(.joined([random.pick(Self.kinds), random.pick(Self.kinds)]))
        default: contents.append(.scalar(random.pick(Self.kinds)))
        }
        visibleWhen.append(random.chance(20) ? random.below(width) : nil)
      }
      // A value that mostly fits: rows that go through are the point.
      let rows = (0..<1 + random.below(4)).map { _ in
        "SELECT " + contents.indices.map { "\(literal(for: contents, $0, &random)) AS c\($0)" }.joined(separator: ", ")
      }
      let text = rows.joined(separator: " UNION ALL ")
      if agree(text, encoding(contents, visibleWhen: visibleWhen), connection) { written += 1 }
    }
    #expect(written > 50)
  }

  private func literal(for contents: [RowEncoding.Content], _ place: Int, _ random: inout SplitMix64) -> String {
    if random.chance(4) { return random.pick(Self.literals) }
    guard case .scalar(let kind) = contents[place] else { return String(random.below(2000) - 1000) }
    switch kind {
    case .text, .bytes: return text(&random)
    case .uuid: return "x'" + (0..<32).map { _ in String(random.below(16), radix: 16) }.joined() + "'"
    case .timestamp: return String(Int64(truncatingIfNeeded: random.next()) >> (random.chance(5) ? 0 : 8))
    case .integer: return String(Int64(truncatingIfNeeded: random.next()) >> Int64(random.below(63)))
    case .number: return String(Double(Int64(truncatingIfNeeded: random.next())) / Double(1 + random.below(1_000_000)))
    case .json: return "'[1, \"\(random.below(9))\"]'"
    case .booleanAsTexts: return random.chance(50) ? "'Y'" : "'N'"
    case .date, .dateAsText: return "'19\(10 + random.below(90))-0\(1 + random.below(9))-1\(random.below(10))'"
    case .timestampAsText: return "'2026-01-31 10:00:0\(random.below(10))'"
    case .uuidAsText: return "'01900000-0000-7000-8000-00000000000\(random.below(10))'"
    default: return String(random.below(10_000))
    }
  }

  private func text(_ random: inout SplitMix64) -> String {
    let length = random.chance(5) ? random.below(70_000) : random.below(40)
    let isPlain = random.chance(60)
    let bytes = (0..<length).map { _ in UInt8(isPlain ? 0x20 + random.below(0x5f) : random.below(256)) }
    return "CAST(x'" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "' AS TEXT)"
  }

  @Test("a mark at any place of a text is found, whatever stands before it") func marks() throws {
    for mark in [0x00, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7e, 0x7f, 0x80, 0xc3, 0xff] as [UInt8] {
      for before in [0x20, 0x22, 0x61, 0x7f] as [UInt8] {
        for length in 0..<20 {
          for place in 0...length {
            var text = [UInt8](repeating: before, count: length)
            text.insert(mark, at: place)
            var buffer = RowBuffer(.unbounded)
            try text.withUnsafeBufferPointer { bytes throws(StoreError) in try buffer.appendJSON(utf8: bytes) }
            var wanted: [UInt8] = []
            wanted.appendJSON(utf8: text[...])
            #expect(buffer.take() == wanted)
          }
        }
      }
    }
  }

  @Test("a row that fails leaves nothing for the next query") func midway() throws {
    let connection = try connection()
    for _ in 0..<3 {
      let broken = byBuffer(
        "SELECT 'left' AS a, 1 AS b UNION ALL SELECT 'over', abs(-9223372036854775808)", encoding([.scalar(.text), .scalar(.integer)]),
        connection)
      guard case .failure(let error) = broken else {
        Issue.record("\(broken)")
        return
      }
      #expect(error.message.contains("overflow"))
      let next = try byBuffer("SELECT 'a' AS a", encoding([.scalar(.text)]), connection).get()
      #expect(String(decoding: next, as: UTF8.self) == #"{"field 0":"a""#)
    }
  }

  @Test("a query that is ended between rows leaves nothing for the next") func ended() throws {
    let connection = try connection()
    let endless = Query(
      Statement(text: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", parameters: []), [],
      encoding: encoding([.scalar(.integer)]), rowsMax: .max)
    connection.watch.begin(deadline: 1, nil, now: 0)
    let error = #expect(throws: StoreError.self) { _ = try connection.read(endless) }
    #expect(error?.code == .timeout)
    connection.watch.end()
    let next = try byBuffer("SELECT 7 AS a", encoding([.scalar(.integer)]), connection).get()
    #expect(String(decoding: next, as: UTF8.self) == #"{"field 0":7"#)
  }

  @Test("a large answer's memory is given back") func memory() throws {
    var buffer = RowBuffer(.unbounded)
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000)
    let accented = [UInt8]("ä".utf8) + text
    for round in 0..<3 {
      for body in [text, accented] {
        try body.withUnsafeBufferPointer { bytes throws(StoreError) in try buffer.appendJSON(utf8: bytes) }
        #expect(buffer.capacity > 3_000_000)
        #expect(buffer.take().count == body.count + 2, "round \(round)")
        #expect(buffer.capacity <= RowBuffer.capacityKeptMax)
        #expect(buffer.count == 0)
      }
    }
  }

  @Test("what a buffer holds is counted, refused where there is no room, and given back") func counted() throws {
    let memory = MemoryBudget(limit: 4 << 20)
    for text in [[UInt8](repeating: UInt8(ascii: "x"), count: 100_000), [UInt8](repeating: 0x01, count: 100_000)] {
      do {
        var buffer = RowBuffer(memory)
        let error = #expect(throws: StoreError.self) {
          while true { try text.withUnsafeBufferPointer { bytes throws(StoreError) in try buffer.appendJSON(utf8: bytes) } }
        }
        #expect(error?.code == .memory)
        #expect(memory.held >= buffer.capacity && memory.held <= memory.largeLimit)
        buffer.removeAll()
        #expect(memory.held == 0)
        try text.withUnsafeBufferPointer { bytes throws(StoreError) in try buffer.appendJSON(utf8: bytes) }
        #expect(memory.held > text.count)
      }
      #expect(memory.held == 0)
    }
  }

  @Test("a buffer holds no more than an answer may have") func bounded() throws {
    var buffer = RowBuffer(.unbounded)
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    let error = #expect(throws: StoreError.self) {
      while true { try text.withUnsafeBufferPointer { bytes throws(StoreError) in try buffer.appendJSON(utf8: bytes) } }
    }
    #expect(error?.code == .tooLarge)
    #expect(buffer.count <= Rows.bytesMax && buffer.count > Rows.bytesMax - text.count - 2)
    #expect(buffer.capacity <= Rows.bytesMax)
  }

  @Test("integers and moments, digit by digit") func digits() throws {
    var numbers: [Int64] = [0, .min, .max, .min + 1]
    for exponent in 0..<19 {
      var power: Int64 = 1
      for _ in 0..<exponent { power *= 10 }
      numbers += [power, power - 1, -power, -power + 1]
    }
    for number in numbers {
      var buffer = RowBuffer(.unbounded)
      try buffer.append(decimal: number)
      #expect(String(decoding: buffer.take(), as: UTF8.self) == String(number))
      let time = Timestamp(microseconds: number)
      let isWritten = try buffer.append(time)
      #expect(isWritten == (time >= .minimum && time <= .maximum))
      #expect(String(decoding: buffer.take(), as: UTF8.self) == (isWritten ? "\"\(time)\"" : ""))
    }
  }
}
