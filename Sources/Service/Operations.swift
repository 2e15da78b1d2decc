package import Base
package import Identity

/// What adapters talk to: runs operations, and tells who a caller is.
package protocol Operations: Sendable {
  /// What clients are told of where their changes stand; nil where every read is of the primary.
  var positions: PositionTokens? { get }

  /// Authorises, validates, runs and answers one operation. Cancelling the task abandons what has not been sent yet.
  func perform(_ operation: Operation) async throws(Failure) -> Answer

  /// Runs the operations of a batch in one transaction.
  func perform(_ batch: Batch) async throws(Failure) -> Answer

  /// A list as a stream: every record that the caller may export and read. See `TransferForm`.
  func export(_ operation: Operation, as form: TransferForm) async throws(Failure) -> any RecordPages

  /// Makes the records that come.
  func perform(_ order: RecordImport, from pieces: any BytePieces) async throws(Failure) -> Answer

  /// The caller behind an `Authorization` header's value; `.anonymous` where there is none.
  /// Throws `token_invalid`, `token_expired` or `unavailable`.
  func caller(authorization: String?) async throws(Failure) -> Caller

  /// The same, of a token that was met before and is still good: nearly every request's, and nothing has to be waited for. Nil where
  /// more has to be done to tell; whatever is wrong is said by `caller` then.
  func knownCaller(authorization: ArraySlice<UInt8>, now: Timestamp) -> Caller?
}

extension Operations {
  package var positions: PositionTokens? { nil }
}
