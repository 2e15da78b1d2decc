import CUV

/// What the system refused, in libuv's terms.
package struct ReactorError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A negative errno (`UV_EADDRINUSE` ...).
  package var code: Int32
  package var doing: String

  package init(code: Int32, doing: String) {
    self.code = code
    self.doing = doing
  }

  /// The system's words for the code.
  ///
  /// Safety: `uv_err_name_r` and `uv_strerror_r` write at most the stated number of bytes and end them with a zero.
  package var reason: String {
    var buffer = [CChar](repeating: 0, count: 128)
    unsafe uv_strerror_r(code, &buffer, buffer.count)
    let end = buffer.firstIndex(of: 0) ?? 0
    return String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  package var description: String { "\(doing): \(reason)" }
}
