/// How the command ends.
enum ExitCode: Int32 {
  case done = 0
  /// There are findings, or what was asked failed.
  case failed = 1
  /// Wrong usage.
  case usage = 2
  /// A dependency cannot be reached.
  case unreachable = 3
}

/// Ends a command with a message on standard error.
struct CommandFailure: Error {
  var code: ExitCode
  var message: String

  init(_ code: ExitCode, _ message: String) {
    self.code = code
    self.message = message
  }
}
