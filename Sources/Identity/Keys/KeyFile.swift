import Base

#if canImport(Glibc)
import Glibc
private let systemRead = Glibc.read
#else
import Darwin
private let systemRead = Darwin.read
#endif

/// A key file could not be read, made or used: its path and why.
package struct KeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
  package var path: String
  /// A plain phrase with what to do where that is known; nothing of the file's content.
  package var reason: String

  package var description: String { "\(path): \(reason)" }
}

/// Small files that hold keys.
enum KeyFile {
  struct Content: Sendable {
    var bytes: [UInt8]
    var stamp: FileStamp
    var mode: UInt32
    var owner: UInt32
  }

  /// Nil where there is no such file. A folder, a device and a file of more than `bytesMax` bytes are refused.
  static func read(_ path: String, bytesMax: Int, followsLinks: Bool = true) throws(KeyFileError) -> Content? {
    // Without O_NONBLOCK a named pipe in the file's place would keep us waiting for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw failure(path, "cannot be opened")
    }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw failure(path, "cannot be examined") }
    guard info.st_mode & S_IFMT == S_IFREG else { throw KeyFileError(path: path, reason: "is not a file") }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = systemRead(descriptor, &chunk, chunk.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(path, "cannot be read")
      }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= bytesMax else { throw KeyFileError(path: path, reason: "is larger than \(bytesMax) bytes") }
    }
    return Content(bytes: bytes, stamp: FileStamp(info), mode: UInt32(info.st_mode) & 0o7777, owner: info.st_uid)
  }

  static func failure(_ path: String, _ what: String) -> KeyFileError {
    KeyFileError(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
  }
}
