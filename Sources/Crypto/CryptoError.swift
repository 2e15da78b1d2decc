import COpenSSL

/// Why a key was refused or an operation could not be done. A signature that does not match is no error, but `false`.
package struct CryptoError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    /// The text or the parameters are no key of a kind known here.
    case malformedKey
    /// A key, but one that gives no safety: too short, a weak exponent, a known broken generator.
    case weakKey
    /// A kind of key or curve that is not supported.
    case unsupportedKey
    /// The library refused to work (no randomness, no memory).
    case failed
  }

  package var code: Code
  /// A plain sentence without secrets.
  package var detail: String

  package init(_ code: Code, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  package var description: String { detail }
}

/// The library's error queue, one for each thread: whoever sees a call fail empties it, so that no later call finds it.
enum ErrorQueue {
  static func clear() { ERR_clear_error() }

  /// The oldest error's own words; empties the queue.
  static func take() -> String {
    let number = ERR_get_error()
    ERR_clear_error()
    guard number != 0 else { return "no reason given" }
    var text = [CChar](repeating: 0, count: 256)
    // Safety: the buffer outlives the call, which writes at most its size, the closing zero included.
    unsafe text.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { unsafe ERR_error_string_n(number, base, buffer.count) }
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func failure(_ what: String) -> CryptoError { CryptoError(.failed, "\(what): \(take())") }
}
