import Base

/// The writer: every function appends one token to a buffer of bytes. Commas and braces are the caller's.
extension [UInt8] {
  package mutating func appendJSON(null: Void = ()) { append("null" as StaticString) }

  package mutating func appendJSON(bool value: Bool) { append(value ? "true" : "false" as StaticString) }

  package mutating func appendJSON(integer value: Int64) { append(decimal: value) }

  /// The shortest digits that read back as the same double; `1.0` for 1. JSON has no NaN and no infinity: those are null.
  package mutating func appendJSON(number value: Double) {
    guard value.isFinite else {
      appendJSON(null: ())
      return
    }
    // The standard library's text is shortest and round-trips, and its exponents (`1e+20`, `5e-324`) are JSON's.
    append(contentsOf: value.description.utf8)
  }

  /// A string in quotes. Escapes what must be (RFC 8259 section 7), nothing else.
  package mutating func appendJSON(string value: String) {
    var value = value
    append(UInt8(ascii: "\""))
    // Safety: the buffer is used inside the closure only; a String is well-formed UTF-8.
    value.withUTF8 { unsafe appendEscaped($0, isChecked: true) }
    append(UInt8(ascii: "\""))
  }

  /// A string in quotes from bytes that somebody else keeps (a driver's buffer). What is not UTF-8 becomes U+FFFD, one for
  /// each maximal beginning of a sequence, so that the output is always valid.
  @unsafe package mutating func appendJSON(utf8 buffer: UnsafeBufferPointer<UInt8>) {
    append(UInt8(ascii: "\""))
    // Safety: the caller vouches for the buffer during the call; it is not kept.
    unsafe appendEscaped(buffer, isChecked: false)
    append(UInt8(ascii: "\""))
  }

  /// As above, from any bytes.
  package mutating func appendJSON(utf8 span: Span<UInt8>) {
    append(UInt8(ascii: "\""))
    // Safety: the buffer is used inside the closure only.
    unsafe span.withUnsafeBufferPointer { unsafe appendEscaped($0, isChecked: false) }
    append(UInt8(ascii: "\""))
  }

  /// As above, from any bytes.
  package mutating func appendJSON(utf8 bytes: ArraySlice<UInt8>) {
    append(UInt8(ascii: "\""))
    // Safety: the buffer is used inside the closure only.
    unsafe bytes.withUnsafeBufferPointer { unsafe appendEscaped($0, isChecked: false) }
    append(UInt8(ascii: "\""))
  }

  /// `"name":`, escaped.
  package mutating func appendJSONKey(_ name: String) {
    appendJSON(string: name)
    append(UInt8(ascii: ":"))
  }
}
