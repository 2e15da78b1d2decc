import Base

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
    defer { close(descriptor) }
    guard SystemFile.write(Array(text.utf8), to: descriptor) else {
      throw CommandFailure(.failed, "\(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Creates a folder that is not there.
  static func makeFolder(_ path: String) throws(CommandFailure) {
    guard mkdir(path, 0o755) == 0 else {
      throw CommandFailure(.failed, errno == EEXIST ? "\(path) is there already" : "\(path): \(String(cString: strerror(errno)))")
    }
  }
}
