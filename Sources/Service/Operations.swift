package import Identity

/// What adapters talk to: runs operations, and tells who a caller is.
package protocol Operations: Sendable {
  /// Authorises, validates, runs and answers one operation. Cancelling the task abandons what has not been sent yet.
  func perform(_ operation: Operation) async throws(Failure) -> Answer

  /// Runs the operations of a batch in one transaction.
  func perform(_ batch: Batch) async throws(Failure) -> Answer

  /// The caller behind an `Authorization` header's value; `.anonymous` where there is none.
  /// Throws `token_invalid`, `token_expired` or `unavailable`.
  func caller(authorization: String?) async throws(Failure) -> Caller
}
