import Base

/// What a JSON number says, whatever it is written like: `1.10`, `11e-1` and `1.1` are the same. Of any length.
struct WrittenNumber: Equatable {
  private var isNegative = false
  /// Without zeros at either end; none of zero.
  private var digits: ArraySlice<UInt8> = []
  /// The place of the last digit, in powers of ten, but for `power`.
  private var exponent = 0
  /// A written exponent that is past 64 bits, as it is written.
  private var power: ArraySlice<UInt8> = []

  /// - Parameter text: of a number, as the parser takes it.
  init(_ text: [UInt8]) {
    let mark = text.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? text.count
    let mantissa = text[..<mark]
    var written = Array(mantissa.filter(\.isDigit))[...]
    if let point = mantissa.firstIndex(of: UInt8(ascii: ".")) { exponent = -(mark - point - 1) }
    if mark < text.count {
      let written = text[(mark + 1)...]
      let (sum, overflow) = exponent.addingReportingOverflow(Int(String(decoding: written, as: UTF8.self)) ?? .min)
      if overflow || sum <= .min + text.count { power = written } else { exponent = sum }
    }
    written = written.drop { $0 == 0x30 }
    while written.last == 0x30, exponent < .max {
      written.removeLast()
      exponent += 1
    }
    guard !written.isEmpty else {
      (exponent, power) = (0, [])
      return
    }
    digits = written
    isNegative = text.first == UInt8(ascii: "-")
  }
}
