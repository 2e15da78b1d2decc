package import Base

/// One named value of a log line.
///
/// The kinds are closed so that a record's contents cannot slip in: a personal value has no case to be logged with.
package struct LogField: Sendable {
  package let name: StaticString
  package let value: LogValue

  package init(_ name: StaticString, _ value: LogValue) {
    self.name = name
    self.value = value
  }
}

/// What may stand in a log. Texts are cut at `textBytesMax` bytes.
package enum LogValue: Sendable, Equatable {
  case integer(Int64)
  case number(Double)
  case boolean(Bool)
  /// A word of the code or the contract: a resource, a route, a state, a file of ours.
  case name(String)
  /// A token that stands for something and says nothing: a request id, an address that is listened on.
  case identifier(String)
  case uuid(UUID)
  case duration(nanoseconds: UInt64)
  /// An error's own text for the engineer; never made from a record's values.
  case cause(String)

  package static let textBytesMax = 2048
}
