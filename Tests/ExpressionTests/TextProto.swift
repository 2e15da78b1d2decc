#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A message in protobuf's text format: names with their values, in order. Only what the CEL vectors need.
struct TextProto {
  enum Value {
    case bytes([UInt8])
    case word(String)
    case message(TextProto)
  }

  var fields: [(name: String, value: Value)] = []

  func messages(_ name: String) -> [TextProto] {
    fields.compactMap { field in
      if field.name == name, case .message(let message) = field.value { message } else { nil }
    }
  }

  func message(_ name: String) -> TextProto? { messages(name).first }

  func text(_ name: String) -> String? {
    for field in fields where field.name == name {
      switch field.value {
      case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
      case .word(let word): return word
      case .message: return nil
      }
    }
    return nil
  }

  func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

  init() {}

  init(_ text: [UInt8]) throws {
    var reader = TextProtoReader(bytes: text)
    self = try reader.message(until: nil)
  }
}

struct TextProtoError: Error {
  var offset: Int
}

private struct TextProtoReader {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipBlanks() {
    while let byte {
      if byte == UInt8(ascii: "#") {
        while let byte = self.byte, byte != 0x0a { position += 1 }
      } else if byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") {
        position += 1
      } else {
        return
      }
    }
  }

  mutating func message(until end: UInt8?) throws -> TextProto {
    var message = TextProto()
    while true {
      skipBlanks()
      guard let byte else {
        guard end == nil else { throw TextProtoError(offset: position) }
        return message
      }
      if byte == end {
        position += 1
        return message
      }
      let name = try word()
      skipBlanks()
      let hasColon = self.byte == UInt8(ascii: ":")
      if hasColon { position += 1 }
      skipBlanks()
      switch self.byte {
      case UInt8(ascii: "{"):
        position += 1
        message.fields.append((name, .message(try self.message(until: UInt8(ascii: "}")))))
      case UInt8(ascii: "["):
        position += 1
        skipBlanks()
        while self.byte != UInt8(ascii: "]") {
          if self.byte == UInt8(ascii: "{") {
            position += 1
            message.fields.append((name, .message(try self.message(until: UInt8(ascii: "}")))))
          } else {
            message.fields.append((name, try scalar()))
          }
          skipBlanks()
        }
        position += 1
      default: message.fields.append((name, try scalar()))
      }
    }
  }

  /// A field's name, a number, an enum's value; `[type.googleapis.com/x]` with its brackets.
  private mutating func word() throws -> String {
    let start = position
    if byte == UInt8(ascii: "[") {
      while let byte, byte != UInt8(ascii: "]") { position += 1 }
      position += 1
    }
    while let byte, byte > 0x20, !Array(":{}[],;#\"'".utf8).contains(byte) { position += 1 }
    guard position > start else { throw TextProtoError(offset: position) }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func scalar() throws -> TextProto.Value {
    guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else { return .word(try word()) }
    var text: [UInt8] = []
    while let quote = byte, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      position += 1
      while let byte, byte != quote {
        position += 1
        if byte == UInt8(ascii: "\\") { try escape(into: &text) } else { text.append(byte) }
      }
      position += 1
      skipBlanks()
    }
    return .bytes(text)
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    guard let byte else { throw TextProtoError(offset: position) }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "a"): text.append(0x07)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "v"): text.append(0x0b)
    case UInt8(ascii: "x"): text.append(UInt8(try number(radix: 16, digits: 2)))
    case UInt8(ascii: "u"): try scalar(digits: 4, into: &text)
    case UInt8(ascii: "U"): try scalar(digits: 8, into: &text)
    case 0x30...0x37:
      position -= 1
      text.append(UInt8(try number(radix: 8, digits: 3)))
    default: text.append(byte)
    }
  }

  private mutating func scalar(digits: Int, into text: inout [UInt8]) throws {
    guard let scalar = Unicode.Scalar(UInt32(try number(radix: 16, digits: digits))) else { throw TextProtoError(offset: position) }
    text.append(contentsOf: Array(String(Character(scalar)).utf8))
  }

  private mutating func number(radix: Int, digits: Int) throws -> Int {
    var value = 0
    var read = 0
    while read < digits, let byte, let digit = Int(String(decoding: [byte], as: UTF8.self), radix: radix) {
      value = value * radix + digit
      position += 1
      read += 1
    }
    guard read > 0 else { throw TextProtoError(offset: position) }
    return value
  }
}
