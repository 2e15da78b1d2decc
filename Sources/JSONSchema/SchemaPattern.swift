import Base

/// Patterns of schemas are ECMA-262's by the standard's wish and RE2's here. What RE2 only spells differently is spelt for it;
/// what it has not (looking ahead or behind, references back) is no pattern.
enum SchemaPattern {
  /// Unicode's long names of general categories.
  private static let categories: [String: String] = [
    "Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Titlecase_Letter": "Lt", "Modifier_Letter": "Lm",
    "Other_Letter": "Lo", "Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N",
    "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P", "punct": "P",
    "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe",
    "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm",
    "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs",
    "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf",
  ]

  static func translated(_ source: String) -> String {
    let bytes = Array(source.utf8)
    var out: [UInt8] = []
    var place = 0
    while place < bytes.count {
      guard bytes[place] == UInt8(ascii: "\\"), place + 1 < bytes.count else {
        out.append(bytes[place])
        place += 1
        continue
      }
      let letter = bytes[place + 1]
      if letter == UInt8(ascii: "u"), let (scalar, end) = scalar(bytes, after: place + 2) {
        out.append(contentsOf: "\\x{\(String(scalar, radix: 16))}".utf8)
        place = end
      } else if letter | 0x20 == UInt8(ascii: "p"), let (name, end) = braced(bytes, from: place + 2) {
        let value = name.split(separator: "=").last.map(String.init) ?? name
        out.append(contentsOf: [UInt8(ascii: "\\"), letter])
        out.append(contentsOf: "{\(categories[value] ?? value)}".utf8)
        place = end
      } else {
        out.append(contentsOf: [bytes[place], letter])
        place += 2
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// `XXXX`, two of them for a pair of surrogates, or `{X...}`.
  private static func scalar(_ bytes: [UInt8], after place: Int) -> (UInt32, Int)? {
    if let (digits, end) = braced(bytes, from: place) {
      guard digits.utf8.count <= 6 else { return nil }
      return UInt32(digits, radix: 16).map { ($0, end) }
    }
    guard let unit = unit(bytes, at: place) else { return nil }
    guard unit & 0xfc00 == 0xd800, bytes[(place + 4)...].starts(with: "\\u".utf8), let low = self.unit(bytes, at: place + 6),
      low & 0xfc00 == 0xdc00
    else { return (unit, place + 4) }
    return (0x10000 + (unit & 0x3ff) << 10 + (low & 0x3ff), place + 10)
  }

  private static func unit(_ bytes: [UInt8], at place: Int) -> UInt32? {
    guard place + 4 <= bytes.count else { return nil }
    var unit: UInt32 = 0
    for byte in bytes[place..<place + 4] {
      guard let digit = byte.hexadecimalValue else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  private static func braced(_ bytes: [UInt8], from place: Int) -> (String, Int)? {
    guard place < bytes.count, bytes[place] == UInt8(ascii: "{"), let end = bytes[place...].firstIndex(of: UInt8(ascii: "}")) else {
      return nil
    }
    return (String(decoding: bytes[(place + 1)..<end], as: UTF8.self), end + 1)
  }
}
