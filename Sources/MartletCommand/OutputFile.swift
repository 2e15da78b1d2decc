#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Writes files that were not there.
enum OutputFile {
  /// Creates a file; one that is there already is left alone.
  static func write(_ text: String, to path: String) throws(CommandFailure) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw CommandFailure(.failed, errno == EEXIST ? "\(path) is there already" : "\(path): \(String(cString: strerror(errno)))")
    }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { writeOnce(descriptor, $0) }
      guard count > 0 else {
        close(descriptor)
        throw CommandFailure(.failed, "\(path): \(String(cString: strerror(errno)))")
      }
      rest = rest.dropFirst(count)
    }
    close(descriptor)
  }

  /// Creates a folder that is not there.
  static func makeFolder(_ path: String) throws(CommandFailure) {
    guard mkdir(path, 0o755) == 0 else {
      throw CommandFailure(.failed, errno == EEXIST ? "\(path) is there already" : "\(path): \(String(cString: strerror(errno)))")
    }
  }

  private static func writeOnce(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
    Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #else
    Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }
}
