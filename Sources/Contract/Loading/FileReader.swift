#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How files are read: from the disk, or from a table in tests.
package struct FileReader: Sendable {
  /// Why a file could not be read: `message` follows its name.
  package struct Failure: Error, Sendable {
    package var message: String
    package init(_ message: String) { self.message = message }
  }

  /// A path and the most bytes it may have.
  package var read: @Sendable (String, Int) -> Result<[UInt8], Failure>

  package init(read: @escaping @Sendable (String, Int) -> Result<[UInt8], Failure>) { self.read = read }

  package static let disk = FileReader { path, bytesMax in
    guard let file = fopen(path, "rb") else { return .failure(Failure("cannot be opened: \(String(cString: strerror(errno)))")) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      bytes += buffer[..<count]
      if bytes.count > bytesMax { return .failure(Failure("is larger than \(bytesMax) bytes")) }
      if count < buffer.count { break }
    }
    return ferror(file) == 0 ? .success(bytes) : .failure(Failure("cannot be read: \(String(cString: strerror(errno)))"))
  }

  /// Files of a table, by path.
  package static func table(_ files: [String: String]) -> FileReader {
    FileReader { path, bytesMax in
      guard let text = files[path] else { return .failure(Failure("cannot be opened: No such file or directory")) }
      guard text.utf8.count <= bytesMax else { return .failure(Failure("is larger than \(bytesMax) bytes")) }
      return .success(Array(text.utf8))
    }
  }
}

/// Paths as text.
enum Path {
  /// The folder of a file, with its slash; empty for a file in the working folder.
  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(path[...slash])
  }

  /// Without `.` and `x/..`.
  static func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
      if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
    }
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }
}
