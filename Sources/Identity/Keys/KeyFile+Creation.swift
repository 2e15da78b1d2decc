import Base

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension KeyFile {
  /// Makes a file that only its owner reads, whole and durable or not at all. Where another process made one in the same
  /// moment, that one stays.
  static func create(_ path: String, content: [UInt8], mark: String) throws(KeyFileError) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let draft = "\(path).\(mark)"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(draft, "cannot be created") }
    defer { unlink(draft) }
    do {
      defer { close(descriptor) }
      guard SystemFile.write(content, to: descriptor) else { throw failure(draft, "cannot be written") }
      guard fsync(descriptor) == 0 else { throw failure(draft, "cannot be made durable") }
    }
    // A link never replaces a file that is there, as a rename would. Some file systems have no links.
    if link(draft, path) != 0 {
      switch errno {
      case EEXIST: return
      case EPERM, ENOTSUP, ENOSYS:
        guard FileStamp(of: path) == nil else { return }
        guard rename(draft, path) == 0 else { throw failure(path, "cannot be created") }
      default: throw failure(path, "cannot be created")
      }
    }
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    guard directory >= 0 else { throw failure(folder, "cannot be opened") }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw failure(folder, "cannot be made durable") }
  }

  /// Makes a folder that only its owner enters, where there is none.
  static func createFolder(_ path: String) throws(KeyFileError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure(path, "cannot be created") }
  }

  /// Why a secret in this file is no secret; nil where it is.
  static func exposure(of content: Content) -> String? {
    if content.mode & 0o077 != 0 {
      return "others may read it (mode \(String(content.mode, radix: 8))): it may be known; remove it, or chmod 600 it if nobody did"
    }
    guard content.owner == geteuid() || content.owner == 0 || geteuid() == 0 else { return "it belongs to another user" }
    return nil
  }
}
