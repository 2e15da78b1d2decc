import Base
import Service

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file as it is read from its beginning to its end.
struct FileText: BytePieces {
  /// Who it is, whatever it is called; nil for what is read from a pipe.
  let identity: String?
  /// Bytes; nil where that is not known.
  let size: Int?
  private let descriptor: Int32
  private let path: String
  private let report: @Sendable (Int) -> Void
  private static let pieceBytes = 256 << 10

  /// - Parameter path: `-` for standard input.
  init(_ path: String, report: @escaping @Sendable (Int) -> Void) throws(CommandFailure) {
    self.path = path
    self.report = report
    descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandFailure(.failed, "\(path): \(String(cString: strerror(errno)))") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      (identity, size) = (nil, nil)
      return
    }
    size = Int(status.st_size)
    identity = path == "-" ? nil : FileText.whole(path)
  }

  private static func whole(_ path: String) -> String? {
    guard let whole = realpath(path, nil) else { return nil }
    defer { free(whole) }
    return String(cString: whole)
  }

  mutating func next() async throws(Failure) -> [UInt8]? {
    let descriptor = descriptor
    var errorNumber: Int32 = 0
    let piece = [UInt8](unsafeUninitializedCapacity: FileText.pieceBytes) { buffer, count in
      var read: Int
      repeat { read = Self.read(descriptor, buffer) } while read < 0 && errno == EINTR
      if read < 0 { errorNumber = errno }
      count = max(0, read)
    }
    guard errorNumber == 0 else {
      throw Failure(.badRequest, "\(path) cannot be read: \(String(cString: strerror(errorNumber)))")
    }
    report(piece.count)
    return piece.isEmpty ? nil : piece
  }

  private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    #if canImport(Glibc)
    Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    #else
    Darwin.read(descriptor, buffer.baseAddress, buffer.count)
    #endif
  }
}
