import Base
import Store

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The file of a database on disk, before SQLite opens it.
///
/// Safety: `unsafe` marks C calls that take a path, which Swift hands over as a NUL-terminated copy for the call's time.
enum DatabaseFile {
  /// A chain of links is no longer.
  private static let linksMax = 40

  /// Where the file lies that a path leads to by symbolic links, whether it is there or not. SQLite keeps its log beside that, and our
  /// lock must stand there: else two processes could open one file by two names.
  ///
  /// Safety: as the type; the buffer is as long as the call is told.
  static func resolved(_ path: String) -> String {
    var path = path
    for _ in 0..<linksMax {
      var target = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = unsafe readlink(path, &target, target.count)
      guard count > 0 else { return path }
      let text = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
      path = text.hasPrefix("/") ? text : SystemFolder.parent(of: path) + "/" + text
    }
    return path
  }

  /// Makes it (mode 0600) where it is missing, durably.
  static func create(_ path: String) throws(StoreError) {
    let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StoreError(.storage, SystemError(code: errno, path: path).description) }
    close(descriptor)
    // Some file systems have no durable folders.
    try? SystemFolder.synchronize(SystemFolder.parent(of: path))
  }

  /// Keeps a second process (and a second store of this one) away from a database file, by `PATH.lock`: closing any descriptor of the
  /// database file itself would drop SQLite's POSIX locks on it.
  ///
  /// - Throws: `.unavailable` at once, naming the process that has it.
  static func lock(_ path: String) throws(StoreError) -> LockFile {
    let file = path + ".lock"
    do throws(LockFile.Refusal) {
      return try LockFile(path: file)
    } catch {
      switch error {
      case .held(let holder): throw StoreError(.unavailable, "another process (\(holder)) has the database open: \(file)")
      case .system(let error): throw StoreError(.storage, error.description)
      }
    }
  }

  /// Whether it was not closed in order: its write-ahead log is still there.
  static func wasLeftOpen(_ path: String) -> Bool { size(path + "-wal") > 0 }

  /// Safety: `status` is a value of our own that `stat` fills.
  private static func size(_ path: String) -> Int64 {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// Makes its folder (mode 0700), and those above, where they are missing.
  static func createFolder(of path: String) throws(StoreError) {
    do throws(SystemError) {
      try SystemFolder.create(SystemFolder.parent(of: path))
    } catch {
      throw StoreError(.storage, error.description)
    }
  }
}
