#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Span where Element == UInt8 {
  /// The first line feed at or after a position.
  ///
  /// Safety: `memchr` reads `count - start` bytes from `start`, all inside the span; the result is inside it too.
  func firstLineFeed(from start: Int) -> Int? {
    guard start < count else { return nil }
    return unsafe withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress, let found = unsafe memchr(base + start, 0x0a, buffer.count - start) else {
        return nil
      }
      return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
  }
}
