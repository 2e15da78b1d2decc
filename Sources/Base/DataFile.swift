#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An open file that is read and written at places. It blocks: never on a loop. Closed when nobody holds it any more.
///
/// Not for a database file that SQLite has open: closing it would drop SQLite's locks.
package final class DataFile: Sendable {
  package enum Access: Sendable {
    case reading
    /// As it is; made (mode 0600) where it is missing.
    case writing
    /// Made (mode 0600); one that is there is refused.
    case creating
  }

  package let path: String
  private let descriptor: Int32

  // Safety: in what follows paths are lent to a call as NUL-terminated texts, buffers with the length that goes with them, and
  // structures are ours for the system to fill.

  package init(_ path: String, _ access: Access) throws(SystemError) {
    let flags: Int32 =
      switch access {
      case .reading: O_RDONLY
      case .writing: O_RDWR | O_CREAT
      case .creating: O_RDWR | O_CREAT | O_EXCL
      }
    descriptor = unsafe open(path, flags | O_CLOEXEC, 0o600)
    self.path = path
    if descriptor < 0 { throw .last(path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Bytes.
  package var size: Int64 {
    get throws(SystemError) {
      var status = stat()
      guard unsafe fstat(descriptor, &status) == 0 else { throw .last(path) }
      return Int64(status.st_size)
    }
  }

  /// At most `count` bytes at a place: fewer at the file's end.
  package func read(_ count: Int, at place: Int64) throws(SystemError) -> [UInt8] {
    var failure: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, done in
      while done < buffer.count {
        let got = unsafe pread(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(place) + off_t(done))
        if got == 0 { return }
        if got > 0 {
          done += got
        } else if errno != EINTR {
          failure = .last(path)
          return
        }
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// All of the bytes, at the place.
  ///
  /// Safety: as above.
  package func write(_ bytes: ArraySlice<UInt8>, at place: Int64) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe pwrite(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(place) + off_t(done))
      }
      if count > 0 {
        done += count
      } else if count == 0 {
        throw SystemError(code: ENOSPC, path: path)
      } else if errno != EINTR {
        throw .last(path)
      }
    }
  }

  package func write(_ bytes: [UInt8], at place: Int64) throws(SystemError) { try write(bytes[...], at: place) }

  /// Cuts it, or fills it up with zeros.
  package func truncate(to size: Int64) throws(SystemError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw .last(path) }
  }

  /// Its bytes and length are on the disk when this returns.
  package func synchronize() throws(SystemError) {
    guard fsync(descriptor) == 0 else { throw .last(path) }
  }

  /// All of a small file.
  ///
  /// - Parameter bytesMax: one with more is refused (`EFBIG`).
  package static func contents(_ path: String, bytesMax: Int) throws(SystemError) -> [UInt8] {
    let file = try DataFile(path, .reading)
    let size = try file.size
    guard size <= bytesMax else { throw SystemError(code: EFBIG, path: path) }
    return try file.read(Int(size), at: 0)
  }

  /// A file that is there whole or not at all: written under another name, made durable, and named at the end.
  ///
  /// - Parameter suffix: what the other name ends in. What is left of it by somebody who was killed is written over.
  package static func place(_ pieces: [[UInt8]], at path: String, suffix: String) throws(SystemError) {
    let draft = path + suffix
    do {
      let file = try DataFile(draft, .writing)
      try file.truncate(to: 0)
      var place: Int64 = 0
      for piece in pieces {
        try file.write(piece, at: place)
        place += Int64(piece.count)
      }
      try file.synchronize()
      try SystemFolder.move(draft, to: path)
    } catch {
      try? SystemFolder.remove(draft)
      throw error
    }
  }
}
