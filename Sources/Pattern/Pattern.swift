import CRE2

/// A regular expression in RE2's syntax: matching takes time linear in the text, whatever the pattern.
///
/// Bounds: a pattern of at most 4,096 bytes whose program fits `memoryMax`.
// Safety: the handle is made once, never changed, and freed when the last reference goes; RE2 documents a const object
// as safe for any number of threads. That is also why it may be `@unchecked Sendable`.
@safe package final class Pattern: @unchecked Sendable {
  /// As it was written.
  package let source: String
  private let handle: OpaquePointer

  package static let sourceBytesMax = 4096
  /// Bytes that RE2 may use for one pattern, its caches included.
  package static let memoryMax = 4 << 20

  /// Throws with RE2's own words where it is not a pattern.
  package init(_ source: String) throws(PatternError) {
    guard source.utf8.count <= Pattern.sourceBytesMax else {
      throw PatternError(message: "longer than \(Pattern.sourceBytesMax) bytes")
    }
    self.source = source
    var source = source
    var message = [CChar](repeating: 0, count: 256)
    let compiled = source.withUTF8 { text in
      unsafe text.withMemoryRebound(to: CChar.self) { text in
        unsafe message.withUnsafeMutableBufferPointer { message in
          unsafe martlet_re2_compile(text.baseAddress, text.count, Pattern.memoryMax, message.baseAddress, message.count)
        }
      }
    }
    guard let compiled = unsafe compiled else {
      let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw PatternError(message: bytes.isEmpty ? "not enough memory" : String(decoding: bytes, as: UTF8.self))
    }
    unsafe handle = compiled
  }

  deinit { unsafe martlet_re2_free(handle) }

  /// Whether it matches the whole text.
  package func matches(whole text: String) -> Bool { match(text, whole: true) }

  /// Whether it matches somewhere in the text (what CEL's `matches` asks).
  package func matches(anywhereIn text: String) -> Bool { match(text, whole: false) }

  /// Whether it matches the whole text, given as UTF-8.
  ///
  /// Safety: the buffer is read during the call only.
  package func matches(whole text: [UInt8]) -> Bool {
    unsafe text.withUnsafeBufferPointer { unsafe match($0, whole: true) }
  }

  private func match(_ text: String, whole: Bool) -> Bool {
    var text = text
    return text.withUTF8 { unsafe match($0, whole: whole) }
  }

  // Safety: RE2 reads exactly `count` bytes and keeps nothing; it takes any octets, valid UTF-8 or not.
  private func match(_ text: UnsafeBufferPointer<UInt8>, whole: Bool) -> Bool {
    unsafe text.withMemoryRebound(to: CChar.self) { unsafe martlet_re2_match(handle, $0.baseAddress, $0.count, whole) }
  }
}

/// Why a text is not a pattern.
package struct PatternError: Error, Sendable, Equatable {
  package var message: String
  package init(message: String) { self.message = message }
}
