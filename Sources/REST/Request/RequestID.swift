import Base

/// `X-Request-Id`: the client's where it is a sane token, else a new UUIDv7.
enum RequestID {
  static let bytesMax = 128

  /// 1 to 128 of `A-Za-z0-9._-`: safe in a log, a header and a URL.
  static func isSane(_ text: String) -> Bool {
    let bytes = text.utf8
    guard !bytes.isEmpty, bytes.count <= bytesMax else { return false }
    return bytes.allSatisfy {
      $0.isLetter || $0.isDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
    }
  }

  static func make(at time: Timestamp, random: any RandomSource) -> String {
    UUID.version7(at: time, random: (random.next(), random.next())).description
  }
}
