import Store

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Keeps a second process (and a second store of this one) away from a database file, by `flock` on `PATH.lock`.
///
/// A file of its own: closing any descriptor of the database file itself would drop SQLite's POSIX locks on it.
final class LockFile: Sendable {
  private let descriptor: Int32

  /// Takes the lock or throws `.unavailable` at once, naming the process that holds it.
  ///
  /// Safety: the buffer that the holder's number is read into is as long as it says; the path is a C string for the call.
  init(path: String) throws(StoreError) {
    let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StoreError(.storage, "\(path): \(LockFile.reason)") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      var text = [UInt8](repeating: 0, count: 32)
      let count = unsafe pread(descriptor, &text, text.count, 0)
      close(descriptor)
      let holder = String(decoding: text.prefix(max(0, count)).prefix { $0 != 0x0a }, as: UTF8.self)
      throw StoreError(.unavailable, "another process (\(holder.isEmpty ? "unknown" : holder)) has the database open: \(path)")
    }
    ftruncate(descriptor, 0)
    let text = Array("\(getpid())\n".utf8)
    unsafe pwrite(descriptor, text, text.count, 0)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// What the last system call answered, in words.
  static var reason: String { unsafe String(cString: strerror(errno)) }
}
