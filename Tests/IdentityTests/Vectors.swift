import JSON

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Public test vectors beside the checkout.
enum Vectors {
  struct Missing: Error { var path: String }

  static func read(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw Missing(path: path) }
    defer { fclose(file) }
    var out: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return out }
      out.append(contentsOf: chunk[..<count])
    }
  }

  static func wycheproof(_ name: String, file: String = #filePath) throws -> JSONNode {
    let root = file.split(separator: "/").dropLast(3).joined(separator: "/")
    return try JSONDocument.parse(read("/\(root)/../shared/vectors/jose/\(name)")).root
  }
}
