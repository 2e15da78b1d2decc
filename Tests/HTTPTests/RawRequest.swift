import Testing

/// A raw request (or several on one connection) and what a strict reader makes of it: a line for each request
/// (`METHOD target body`, then ` close` where it ends the connection), a status where it is refused, `...` where more is
/// needed.
struct RawRequest: CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let expected: [String]

  init(_ name: String, _ text: String, _ expected: String...) {
    self.name = name
    bytes = Array(text.utf8)
    self.expected = expected
  }

  /// For bytes that no Swift text can hold.
  init(_ name: String, bytes: [UInt8], _ expected: String...) {
    self.name = name
    self.bytes = bytes
    self.expected = expected
  }

  var testDescription: String { name }

  static let all = requestLines + targets + fields + hosts + lengths + codings + chunks + trailers + connections + attacks
}
