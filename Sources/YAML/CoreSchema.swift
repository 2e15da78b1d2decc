import Base

/// How plain scalars get their type: YAML 1.2.2, section 10.3.2 (`yes`, `no`, `on` and `off` are strings).
enum CoreSchema {
  /// What a plain scalar stands for. Nil: an integer that does not fit 64 bits.
  static func resolve(_ text: String) -> YAMLNode.Content? {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
    case ".nan", ".NaN", ".NAN": return .number(.nan)
    default: break
    }
    let bytes = Array(text.utf8)
    if let isFitting = integer(bytes) { return isFitting.map { .integer($0) } }
    if let number = number(bytes) { return .number(number) }
    return .string(text)
  }

  /// Outer nil: not an integer. Inner nil: does not fit.
  private static func integer(_ bytes: [UInt8]) -> Int64?? {
    if bytes.count > 2, bytes[0] == UInt8(ascii: "0"), bytes[1] == UInt8(ascii: "x") || bytes[1] == UInt8(ascii: "o") {
      return based(bytes.dropFirst(2), radix: bytes[1] == UInt8(ascii: "x") ? 16 : 8)
    }
    var digits = bytes[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard !digits.isEmpty, digits.allSatisfy(\.isDigit) else { return nil }
    var value: Int64 = 0
    for digit in digits {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let unit = Int64(digit - 0x30)
      let (sum, overflowToo) =
        isNegative ? product.subtractingReportingOverflow(unit) : product.addingReportingOverflow(unit)
      guard !overflow, !overflowToo else { return .some(nil) }
      value = sum
    }
    return value
  }

  private static func based(_ digits: ArraySlice<UInt8>, radix: Int64) -> Int64?? {
    var value: Int64 = 0
    var fits = true
    for byte in digits {
      guard let digit = byte.hexadecimalValue, Int64(digit) < radix else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, overflowToo) = product.addingReportingOverflow(Int64(digit))
      if overflow || overflowToo { fits = false }
      value = fits ? sum : 0
    }
    return fits ? value : .some(nil)
  }

  /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
  private static func number(_ bytes: [UInt8]) -> Double? {
    var position = 0
    var normal: [UInt8] = []
    func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }
    func digits() -> Int {
      let start = position
      while let byte = peek(), byte.isDigit {
        normal.append(byte)
        position += 1
      }
      return position - start
    }
    if let sign = peek(), sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      if sign == UInt8(ascii: "-") { normal.append(sign) }
      position += 1
    }
    let whole = digits()
    if whole == 0 { normal.append(UInt8(ascii: "0")) }
    if peek() == UInt8(ascii: ".") {
      position += 1
      normal.append(UInt8(ascii: "."))
      let fraction = digits()
      if fraction == 0 { normal.append(UInt8(ascii: "0")) }
      guard whole + fraction > 0 else { return nil }
    } else if whole == 0 {
      return nil
    }
    if let mark = peek(), mark | 0x20 == UInt8(ascii: "e") {
      position += 1
      normal.append(UInt8(ascii: "e"))
      if let sign = peek(), sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
        normal.append(sign)
        position += 1
      }
      guard digits() > 0 else { return nil }
    }
    guard position == bytes.count else { return nil }
    return Double(String(decoding: normal, as: UTF8.self))
  }
}

extension YAMLNode {
  /// What a text means where it stands plain: for values that come from outside. An integer too large is a string.
  package static func resolve(_ text: String) -> Content { CoreSchema.resolve(text) ?? .string(text) }
}
