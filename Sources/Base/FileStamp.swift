#if canImport(Glibc)
package import Glibc
#else
package import Darwin
#endif

/// Tells one state of a file from another.
package struct FileStamp: Equatable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int64
  private let nanoseconds: Int64

  /// Of what the system told of a file.
  package init(_ info: stat) {
    #if canImport(Glibc)
    let time = info.st_mtim
    #else
    let time = info.st_mtimespec
    #endif
    device = UInt64(truncatingIfNeeded: info.st_dev)
    inode = UInt64(info.st_ino)
    size = Int64(info.st_size)
    seconds = Int64(time.tv_sec)
    nanoseconds = Int64(time.tv_nsec)
  }

  package var bytes: Int { Int(clamping: size) }

  /// Nil where there is no such file.
  ///
  /// Safety: `stat` fills the structure before it is read.
  package init?(of path: String) {
    var info = stat()
    guard unsafe stat(path, &info) == 0 else { return nil }
    self.init(info)
  }
}
