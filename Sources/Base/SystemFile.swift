#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Open files of the system.
package enum SystemFile {
  /// How often a file that takes nothing for now is looked at again.
  private static let waitMilliseconds: Int32 = 1000

  /// Writes all of the bytes, waiting as long as it takes: not from a loop.
  ///
  /// - Returns: false where the system refused some of them; `errno` says why.
  ///
  /// Safety: the system reads within the array's bytes, while they are lent.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        let count = unsafe writeSome(buffer[offset...], descriptor)
        if count > 0 {
          offset += count
        } else if count == 0 {
          return false
        } else if errno == EAGAIN {
          // Someone made the file non-blocking (a shared terminal).
          waitUntilWritable(descriptor)
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
  }

  /// Safety: as `write`.
  private static func writeSome(_ bytes: Slice<UnsafeRawBufferPointer>, _ descriptor: Int32) -> Int {
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: bytes)
    #if canImport(Glibc)
    return unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #else
    return unsafe Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }

  /// Safety: the system writes within the one element that it is given.
  private static func waitUntilWritable(_ descriptor: Int32) {
    var interest = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    _ = unsafe poll(&interest, 1, waitMilliseconds)
  }
}
