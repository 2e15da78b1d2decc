#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The files of the checkout.
enum Tree {
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  static let sources = swift(under: "Sources")
  static let tests = swift(under: "Tests")
  /// Every text that is committed, as plain lines.
  static let texts: [(path: String, text: String)] = {
    var paths = [".ci", "Sources", "Tests", "docs", "script", "examples"].flatMap { files(under: $0) }
    paths += names(in: root).filter { $0.hasSuffix(".md") || $0.hasSuffix(".swift") || $0.hasSuffix(".json") }
    return paths.map { ($0, text($0)) }
  }()

  private static func swift(under folder: String) -> [SwiftSource] {
    files(under: folder).filter { $0.hasSuffix(".swift") }.map { SwiftSource(path: $0, text: text($0)) }
  }

  static func text(_ path: String) -> String {
    guard let file = fopen(root + "/" + path, "rb") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Paths of the regular files, relative to the root, sorted.
  static func files(under folder: String) -> [String] {
    names(in: root + "/" + folder).flatMap { name -> [String] in
      let path = folder + "/" + name
      var information = stat()
      guard lstat(root + "/" + path, &information) == 0 else { return [] }
      switch information.st_mode & S_IFMT {
      case S_IFDIR: return files(under: path)
      case S_IFREG: return [path]
      default: return []
      }
    }
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix("."), name != "__pycache__" { names.append(name) }
    }
    return names.sorted()
  }
}
