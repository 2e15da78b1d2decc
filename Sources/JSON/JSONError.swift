/// Why a text is not JSON as RFC 8259 and our limits define it.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The byte it was found at, from 0; the text's length where it ends too soon.
  package let offset: Int
  /// A plain phrase for a person: `expected a comma or a closing bracket`.
  package let message: String

  package init(offset: Int, message: String) {
    self.offset = offset
    self.message = message
  }

  package var description: String { "\(message) at byte \(offset)" }
}

/// Bounds of a text that is read.
package struct JSONLimits: Sendable {
  /// The text's length in bytes; never more than `JSONLimits.bytesCeiling`.
  package var bytesMax: Int
  /// Arrays and objects inside one another.
  package var depthMax: Int

  /// The tape holds lengths in 28 bits.
  package static let bytesCeiling = 1 << 28 - 1

  package init(bytesMax: Int = 64 << 20, depthMax: Int = 64) {
    self.bytesMax = min(bytesMax, JSONLimits.bytesCeiling)
    self.depthMax = depthMax
  }
}
