#if canImport(Glibc)
package import Glibc
#else
package import Darwin
#endif

/// A folder of one test. Who makes it removes it.
package struct TemporaryFolder: Sendable {
  package struct Failure: Error { let errno: Int32 }

  package let path: String

  package init() throws {
    let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(root)/martlet-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(errno: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// With all that is in it.
  package func remove() { TemporaryFolder.remove(path) }

  private static func remove(_ path: String) {
    for name in Files.names(in: path) {
      let inner = path + "/" + name
      if unlink(inner) != 0 { remove(inner) }
    }
    rmdir(path)
  }

  package var names: [String] { Files.names(in: path) }

  /// Writes a file as an editor would: a new one takes the old one's place.
  ///
  /// - Returns: its path.
  @discardableResult package func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) -> String {
    let draft = "\(path)/\(name).new"
    let target = "\(path)/\(name)"
    Files.write(draft, bytes)
    chmod(draft, mode)
    rename(draft, target)
    return target
  }
}
