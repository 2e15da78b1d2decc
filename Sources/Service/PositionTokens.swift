package import Base
import Crypto
package import Identity

/// What a client is told of where its own changes stand, and shows when it reads, so that it reads them. Signed: with a number of
/// one's own making one could keep the replicas from serving anybody.
package struct PositionTokens: Sendable {
  private let key: HMACKey

  /// By then every replica that serves has what the token stands for: it lags by 30 s at most, and clocks are less apart than the rest.
  static let lifetimeMicroseconds: Int64 = 60_000_000
  private static let codeLength = 16
  private static let length = 16 + codeLength

  package init(_ key: ServiceKey) { self.key = HMACKey(key.secret(.position)) }

  /// 43 characters.
  package func token(_ position: UInt64, now: Timestamp) -> String {
    var bytes: [UInt8] = []
    for number in [position, UInt64(bitPattern: now.microseconds)] {
      for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }
    bytes += key.code(for: bytes).bytes.prefix(PositionTokens.codeLength)
    return Base64URL.encode(bytes)
  }

  /// What a token stands for; zero where there is none, or it is not ours, or no longer needed.
  package func position(_ token: String?, now: Timestamp) -> UInt64 {
    guard let token, token.utf8.count <= 64, let bytes = Base64URL.decode(token), bytes.count == PositionTokens.length else { return 0 }
    let code = key.code(for: bytes[..<16]).bytes.prefix(PositionTokens.codeLength)
    guard constantTimeEqual(Array(code), Array(bytes[16...])) else { return 0 }
    let numbers = [bytes[..<8], bytes[8..<16]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    let (age, isOdd) = now.microseconds.subtractingReportingOverflow(Int64(bitPattern: numbers[1]))
    return !isOdd && age < PositionTokens.lifetimeMicroseconds ? numbers[0] : 0
  }
}
