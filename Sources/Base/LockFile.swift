#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Keeps a second process (and a second holder in this one) away from something, by `flock` on a file of its own. Given back when
/// nobody holds it any more.
package final class LockFile: Sendable {
  /// Why it cannot be had.
  package enum Refusal: Error {
    /// Another process has it: its number, or `unknown`.
    case held(by: String)
    case system(SystemError)
  }

  private let descriptor: Int32

  /// Takes the lock, or throws at once.
  ///
  /// Safety: the buffer that the holder's number is read into is as long as it says; the path is a C string for the call.
  package init(path: String) throws(Refusal) {
    let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(.last(path)) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let isHeld = errno == EWOULDBLOCK
      let error = SystemError.last(path)
      var text = [UInt8](repeating: 0, count: 32)
      let count = unsafe pread(descriptor, &text, text.count, 0)
      close(descriptor)
      guard isHeld else { throw .system(error) }
      let holder = String(decoding: text.prefix(max(0, count)).prefix { $0 != 0x0a }, as: UTF8.self)
      throw .held(by: holder.isEmpty ? "unknown" : holder)
    }
    ftruncate(descriptor, 0)
    let text = Array("\(getpid())\n".utf8)
    unsafe pwrite(descriptor, text, text.count, 0)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
