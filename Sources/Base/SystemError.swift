#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the system refused about a file.
package struct SystemError: Error, Equatable, CustomStringConvertible {
  /// A positive `errno`.
  package var code: Int32
  package var path: String

  /// - Parameter path: the file that it is about.
  package init(code: Int32, path: String) {
    self.code = code
    self.path = path
  }

  /// Of the call that failed just now.
  static func last(_ path: String) -> SystemError { SystemError(code: errno, path: path) }

  package var isAbsent: Bool { code == ENOENT }
  package var isPresent: Bool { code == EEXIST }

  /// Safety: `strerror` answers with a NUL-terminated text that is copied at once.
  package var description: String { unsafe "\(path): \(String(cString: strerror(code)))" }
}
