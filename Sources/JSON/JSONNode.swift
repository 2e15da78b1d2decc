package import Base

/// What a JSON value is. Integers that fit 64 bits and were written without fraction and exponent are told apart.
package enum JSONKind: Sendable {
  case null, boolean, integer, number, string, array, object
}

/// A value inside a document: a reference and a place, cheap to copy.
package struct JSONNode: Sendable {
  package let document: JSONDocument
  let index: Int

  init(document: JSONDocument, index: Int) {
    self.document = document
    self.index = index
  }

  @inline(__always) var node: TapeNode { document.nodes[index] }

  package var kind: JSONKind {
    switch node.kind {
    case .null: .null
    case .true, .false: .boolean
    case .integer: .integer
    case .number: .number
    case .string, .escapedString, .key, .escapedKey: .string
    case .array: .array
    case .object: .object
    }
  }

  package var isNull: Bool { node.kind == .null }

  /// Nil unless it is `true` or `false`.
  package var bool: Bool? {
    switch node.kind {
    case .true: true
    case .false: false
    default: nil
    }
  }

  /// The exact value of an `.integer`; nil for everything else, `1.0` and `1e2` included.
  package var int64: Int64? { node.kind == .integer ? Int64(bitPattern: node.payload) : nil }

  /// An `.integer`, or a `.number` without fractional part below 2^53 (JSON Schema's integer: `1.0` and `1e2` count). What
  /// is written with a fraction is none, however close its double comes, nor is a number of more than 18 digits.
  package var integralValue: Int64? {
    switch node.kind {
    case .integer: return Int64(bitPattern: node.payload)
    case .number:
      guard let exact = decimal?.normalized, exact.scale == 0, exact.units.magnitude < 1 << 53 else { return nil }
      return exact.units
    default: return nil
    }
  }

  /// The nearest double of an `.integer` or a `.number`; always finite.
  package var double: Double? {
    switch node.kind {
    case .integer: Double(Int64(bitPattern: node.payload))
    case .number: Double(bitPattern: node.payload)
    default: nil
    }
  }

  /// The number exactly as it was written (`1.10`, `12e-1`); nil where it is no number or has too many digits.
  package var decimal: Decimal? {
    switch node.kind {
    case .integer, .number: break
    default: return nil
    }
    let text = rawText
    guard let mark = text.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { return Decimal(text) }
    guard let mantissa = Decimal(text[..<mark]) else { return nil }
    let sign = text[mark + 1]
    let digits = sign.isDigit ? text[(mark + 1)...] : text[(mark + 2)...]
    guard digits.count <= 4, let exponent = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
    if mantissa.units == 0 { return Decimal(units: 0, scale: 0) }
    let normal = mantissa.normalized
    let scale = sign == UInt8(ascii: "-") ? normal.scale + exponent : normal.scale - exponent
    guard scale < 0 else { return scale <= Decimal.digitsMax ? Decimal(units: normal.units, scale: scale) : nil }
    // Written with an exponent that fills in zeros: bring it back by multiplying.
    guard scale >= -Decimal.digitsMax else { return nil }
    let units = Decimal(units: normal.units, scale: 0).rescaled(to: -scale)?.units
    return units.map { Decimal(units: $0, scale: 0) }
  }

  /// The bytes of the value in the source, quotes and escapes included.
  package var rawText: ArraySlice<UInt8> { document.bytes[node.start..<node.end] }

  /// Where the value begins in the source.
  package var offset: Int { node.start }
}

extension JSONNode {
  /// A string's characters, escapes resolved; nil for everything else.
  package var stringValue: String? {
    guard let utf8 else { return nil }
    return String(decoding: utf8, as: UTF8.self)
  }

  /// A string's bytes in UTF-8, escapes resolved; a slice of the source where it has none. Nil for everything else.
  package var utf8: ArraySlice<UInt8>? {
    let node = node
    switch node.kind {
    case .string, .key: return document.bytes[node.start + 1..<node.end - 1]
    case .escapedString, .escapedKey: return JSONEscape.decoded(document.bytes[node.start + 1..<node.end - 1])[...]
    default: return nil
    }
  }

  /// Whether it is a string of just these characters; nothing is allocated unless it has escapes.
  package func equals(_ text: String) -> Bool {
    let node = node
    switch node.kind {
    case .string, .key:
      let utf8 = text.utf8
      return utf8.count == node.length - 2 && document.bytes[node.start + 1..<node.end - 1].elementsEqual(utf8)
    case .escapedString, .escapedKey:
      return JSONEscape.decoded(document.bytes[node.start + 1..<node.end - 1]).elementsEqual(text.utf8)
    default: return false
    }
  }
}
