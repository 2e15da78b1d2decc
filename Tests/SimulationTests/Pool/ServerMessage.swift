/// What a client of PostgreSQL sends (protocol 3.0, section 55.7 of its manual), as far as libpq sends it in pipeline mode.
enum ClientMessage: Equatable {
  case startup
  case cancel
  case parse(name: String, text: String)
  case bind(statement: String, parameters: [String?], isBinary: Bool)
  case describeStatement(String)
  case describePortal
  case execute
  case sync
  case terminate
  case other(UInt8)
}

/// Reads messages from bytes as they come.
struct ClientMessageReader {
  private var bytes: [UInt8] = []
  private var isStarted = false

  mutating func append(_ more: ArraySlice<UInt8>) { bytes += more }

  /// The next whole message.
  mutating func next() -> ClientMessage? {
    let head = isStarted ? 1 : 0
    guard bytes.count >= head + 4 else { return nil }
    let length = ClientMessageReader.integer(bytes[head..<(head + 4)])
    guard length >= 4, bytes.count >= head + length else { return nil }
    defer { bytes.removeFirst(head + length) }
    var body = Body(bytes: bytes[(head + 4)..<(head + length)])
    guard isStarted else {
      isStarted = true
      return body.integer(4) == 196_608 ? .startup : .cancel
    }
    switch bytes[0] {
    case UInt8(ascii: "P"): return .parse(name: body.text(), text: body.text())
    case UInt8(ascii: "B"): return body.bind()
    case UInt8(ascii: "D"):
      let isStatement = body.integer(1) == Int(UInt8(ascii: "S"))
      return isStatement ? .describeStatement(body.text()) : .describePortal
    case UInt8(ascii: "E"): return .execute
    case UInt8(ascii: "S"): return .sync
    case UInt8(ascii: "X"): return .terminate
    case let kind: return .other(kind)
    }
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  private struct Body {
    var bytes: ArraySlice<UInt8>

    mutating func integer(_ count: Int) -> Int {
      defer { bytes = bytes.dropFirst(count) }
      return ClientMessageReader.integer(bytes.prefix(count))
    }

    mutating func text() -> String {
      let text = bytes.prefix { $0 != 0 }
      bytes = bytes.dropFirst(text.count + 1)
      return String(decoding: text, as: UTF8.self)
    }

    mutating func bind() -> ClientMessage {
      _ = text()
      let statement = text()
      for _ in 0..<integer(2) { _ = integer(2) }
      var parameters: [String?] = []
      for _ in 0..<integer(2) {
        let length = integer(4)
        if length == 0xffff_ffff {
          parameters.append(nil)
        } else {
          parameters.append(String(decoding: bytes.prefix(length), as: UTF8.self))
          bytes = bytes.dropFirst(length)
        }
      }
      let formats = (0..<integer(2)).map { _ in integer(2) }
      return .bind(statement: statement, parameters: parameters, isBinary: formats.contains(1))
    }
  }
}

/// What the server says.
enum ServerMessage {
  static func ready(_ status: Character) -> [UInt8] { message("Z", Array(String(status).utf8)) }
  static let parsed = message("1", [])
  static let bound = message("2", [])
  static let noData = message("n", [])
  static let noParameters = message("t", [0, 0])
  static func complete(_ tag: String) -> [UInt8] { message("C", Array(tag.utf8) + [0]) }

  static let welcome: [UInt8] =
    message("R", integer(0, 4)) + message("S", Array("server_version".utf8) + [0] + Array("15.8".utf8) + [0])
    + message("S", Array("integer_datetimes".utf8) + [0] + Array("on".utf8) + [0]) + message("K", integer(7, 4) + integer(9, 4))
    + ready("I")

  static func failure(_ state: String, severity: String = "ERROR") -> [UInt8] {
    failure([("S", severity), ("V", severity), ("C", state), ("M", "simulated"), ("R", "simulate")])
  }

  /// As a pooler says it that has lost the server.
  static let lost = failure([("S", "FATAL"), ("C", "08P01"), ("M", "server conn crashed?")])

  private static func failure(_ fields: [(String, String)]) -> [UInt8] {
    message("E", fields.flatMap { Array($0.utf8) + Array($1.utf8) + [0] } + [0])
  }

  /// Columns of int8.
  static func columns(_ count: Int, isBinary: Bool) -> [UInt8] {
    var body = integer(count, 2)
    for place in 0..<count {
      body += Array("c\(place)".utf8) + [0] + integer(0, 4) + integer(0, 2) + integer(20, 4) + integer(8, 2)
      body += integer(0xffff_ffff, 4) + integer(isBinary ? 1 : 0, 2)
    }
    return message("T", body)
  }

  static func row(_ values: [Int], isBinary: Bool) -> [UInt8] {
    var body = integer(values.count, 2)
    for value in values {
      let bytes = isBinary ? integer(value, 8) : Array(String(value).utf8)
      body += integer(bytes.count, 4) + bytes
    }
    return message("D", body)
  }

  private static func integer(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
  }

  private static func message(_ kind: Character, _ body: [UInt8]) -> [UInt8] {
    Array(String(kind).utf8) + integer(body.count + 4, 4) + body
  }
}
