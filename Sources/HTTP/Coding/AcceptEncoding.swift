import Base

/// What an `Accept-Encoding` value says about gzip and Brotli (RFC 9110 section 12.5.3). Weights are in thousandths.
struct AcceptEncoding {
  private(set) var gzip: Int?
  private(set) var brotli: Int?
  private(set) var identity: Int?
  private(set) var any: Int?

  /// Nil where the field is not there at all. Fields of the same name are one list (RFC 9110 section 5.3).
  init?(_ head: HTTPHead) {
    guard head.first("accept-encoding") != nil else { return nil }
    for field in head.fields where head.matches(field.name, "accept-encoding") {
      read(head, field.value)
    }
  }

  private mutating func read(_ head: HTTPHead, _ value: Range<Int>) {
    for element in HTTPList(head.bytes, value) {
      let end = ByteClass.end(head.bytes.span, from: element.lowerBound, to: element.upperBound, ByteClass.token)
      let name = element.lowerBound..<end
      let weight = end == element.upperBound ? 1000 : AcceptEncoding.weight(head.bytes[end..<element.upperBound])
      if head.matches(name, "gzip") || head.matches(name, "x-gzip") {
        gzip = max(gzip ?? 0, weight)
      } else if head.matches(name, "br") {
        brotli = max(brotli ?? 0, weight)
      } else if head.matches(name, "identity") {
        identity = weight
      } else if head.matches(name, "*") {
        any = weight
      }
    }
  }

  /// The coding to send, nil for none. Gzip goes for `*`: who says no more may know no Brotli.
  var preferred: BodyCoding? {
    let gzip = gzip ?? any ?? 0
    let brotli = brotli ?? (gzip == 0 ? any : nil) ?? 0
    let best = max(gzip, brotli)
    guard best > 0, best >= (identity ?? 0) else { return nil }
    return brotli == best ? .brotli : .gzip
  }

  /// What is not coded is not acceptable.
  var refusesIdentity: Bool { (identity ?? any) == 0 }

  /// `;q=0.5` as 500; 1000 without one; 0 for a parameter that makes no sense, which means "not acceptable".
  private static func weight(_ parameters: ArraySlice<UInt8>) -> Int {
    let text = parameters.filter { $0 != 0x20 && $0 != 0x09 }
    if text.isEmpty { return 1000 }
    guard text.count >= 4, text[0] == UInt8(ascii: ";"), text[1].lowercased == UInt8(ascii: "q"),
      text[2] == UInt8(ascii: "="), text.count <= 8
    else { return 0 }
    guard text[3] == UInt8(ascii: "0") || text[3] == UInt8(ascii: "1") else { return 0 }
    var thousandths = (Int(text[3]) - 0x30) * 1000
    guard text.count > 4 else { return thousandths }
    guard text[4] == UInt8(ascii: ".") else { return 0 }
    var place = 100
    for digit in text[5...] {
      guard digit.isDigit else { return 0 }
      thousandths += (Int(digit) - 0x30) * place
      place /= 10
    }
    return min(thousandths, 1000)
  }
}
