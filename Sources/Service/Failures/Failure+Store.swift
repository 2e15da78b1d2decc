import Store

extension Failure {
  /// What a store's trouble is to a client. The cause goes to the log.
  init(_ error: StoreError, statements: Int) {
    switch error.code {
    case .unavailable, .closed, .cancelled:
      self.init(.unavailable, "The database cannot be reached at the moment")
      retryAfter = 1
    case .overloaded: self = .shed
    case .memory: self = .memory
    case .tooLarge: self = Fetcher.tooLong
    case .timeout:
      self.init(.timeout, "The database did not answer in time")
      retryAfter = 1
    case .outcomeUnknown:
      self.init(.unavailable, "The connection to the database was lost; the request may or may not have taken effect")
      retryAfter = 1
    case .storage:
      self.init(.unavailable, "The database cannot write to its disk, or read from it, at the moment")
      retryAfter = 10
    case .readOnly:
      self.init(.unavailable, "The database takes no changes at the moment; reading goes on")
      retryAfter = 10
    case .corrupt, .invalidStatement, .invalidValue, .outOfRange:
      self.init(.internal, "Something went wrong on our side; it is in the log under the request's id")
    }
    cause = error.description
    self.statements = statements
  }
}
