#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Files that tests read and write, whole.
package enum Files {
  /// The checkout's root, found from where this file stands.
  package static let root = above(#filePath, 3)
  /// Where public test vectors and data lie, beside the checkout.
  package static let shared = above(root, 1) + "/shared"

  private static func above(_ path: String, _ levels: Int) -> String {
    path.split(separator: "/", omittingEmptySubsequences: false).dropLast(levels).joined(separator: "/")
  }

  /// Nil where it cannot be read.
  package static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var out: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return out }
      out.append(contentsOf: chunk[..<count])
    }
  }

  /// - Returns: whether all of it was written.
  @discardableResult package static func write(_ path: String, _ bytes: [UInt8]) -> Bool {
    guard let file = fopen(path, "wb") else { return false }
    defer { fclose(file) }
    return fwrite(bytes, 1, bytes.count, file) == bytes.count
  }

  /// What a folder holds, sorted; hidden files as well.
  package static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
