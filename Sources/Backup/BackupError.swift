package import Base

/// Why a backup cannot be made, read or restored.
package struct BackupError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// A file's bytes are not those that were written. It is named.
    case damaged
    /// A file that belongs to a backup is not there. What is missing is named.
    case missing
    /// There is no backup of what was asked for.
    case none
    /// A program or a server that it takes is not there.
    case unavailable
    /// The system refused a file.
    case storage
    /// Somebody else has, or had, what would be written over.
    case occupied
    /// Given up by whoever asked for it.
    case cancelled
  }
  package var code: Code
  /// What is wrong, with the file's path, and what to do.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package init(_ error: SystemError) {
    self.init(error.isAbsent ? .missing : .storage, error.description)
  }

  package var description: String { message }
}

/// Runs what the system may refuse.
package func inBackup<T>(_ body: () throws(SystemError) -> T) throws(BackupError) -> T {
  do throws(SystemError) { return try body() } catch { throw BackupError(error) }
}
