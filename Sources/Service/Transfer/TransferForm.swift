package import Base

/// The forms in which many records come and go, one after the other.
package enum TransferForm: String, Sendable, CaseIterable {
  /// A JSON object a line.
  case ndjson
  /// RFC 4180, with a line of names.
  case csv

  package var mediaType: (type: String, subtype: String) {
    switch self {
    case .ndjson: ("application", "x-ndjson")
    case .csv: ("text", "csv")
    }
  }
}

/// What an export gives, piece by piece.
package protocol RecordPages: Sendable {
  /// The next piece; nil behind the last one. A failure ends it.
  mutating func next() async throws(Failure) -> AnswerPiece?
}

/// A piece of an answer that is made while it is sent.
package struct AnswerPiece: Sendable {
  package let bytes: [UInt8]
  /// Covers it, where it is large: kept until the piece is handed on.
  package let lease: MemoryLease?

  package init(_ bytes: [UInt8], lease: MemoryLease? = nil) {
    self.bytes = bytes
    self.lease = lease
  }
}
