#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A folder of one test, removed with it.
final class TemporaryFolder {
  let path: String
  private var names: [String] = []

  init() {
    var template = Array("/tmp/martlet-identity-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/nonexistent"
    }
  }

  deinit {
    for name in entries { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  var entries: [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Writes a file as an editor would: a new one takes the old one's place.
  @discardableResult func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) -> String {
    let draft = "\(path)/\(name).new"
    let target = "\(path)/\(name)"
    if let file = fopen(draft, "w") {
      fwrite(bytes, 1, bytes.count, file)
      fclose(file)
    }
    chmod(draft, mode)
    rename(draft, target)
    return target
  }
}
