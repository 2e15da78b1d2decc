import Contract
import Store

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The SQL files beside a contract: `migrations/*.sql`.
enum MigrationFiles {
  private static let folder = "migrations"
  private static let countMax = 10_000
  private static let bytesMax = 1 << 20

  /// None where there is no such folder.
  static func read(beside contractFolder: String) throws(CommandFailure) -> [SchemaFile] {
    let path = contractFolder + "/" + folder
    guard let stream = opendir(path) else {
      if errno == ENOENT { return [] }
      throw CommandFailure(.failed, "\(path): \(String(cString: strerror(errno)))")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard name.hasSuffix(".sql"), !name.hasPrefix(".") else { continue }
      names.append(name)
      if names.count > countMax { throw CommandFailure(.failed, "\(path) holds more than \(countMax) files") }
    }
    var files: [SchemaFile] = []
    for name in names.sorted() {
      switch FileReader.disk.read(path + "/" + name, bytesMax) {
      case .success(let bytes):
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
          throw CommandFailure(.failed, "\(path)/\(name) is not text in UTF-8")
        }
        files.append(SchemaFile(name: name, text: text))
      case .failure(let failure): throw CommandFailure(.failed, "\(path)/\(name) \(failure.message)")
      }
    }
    return files
  }
}
