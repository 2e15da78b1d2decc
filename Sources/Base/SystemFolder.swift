#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Folders of the system and what is named in them.
///
/// Safety: `unsafe` marks C calls that take a path, which Swift hands over as a NUL-terminated copy for the call's time; an entry
/// that the system tells of is copied before the next is asked for.
package enum SystemFolder {
  /// Sorted by their bytes; without `.` and `..`.
  package static func names(in path: String) throws(SystemError) -> [String] {
    guard let folder = unsafe opendir(path) else { throw .last(path) }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    errno = 0
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw .last(path) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Makes it (mode 0700), and those above, where they are missing.
  package static func create(_ path: String) throws(SystemError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += part
      guard unsafe mkdir(made, 0o700) == 0 || errno == EEXIST else { throw .last(made) }
      made += "/"
    }
  }

  /// Gives a file or a folder another name, durably; what had it is gone.
  package static func move(_ path: String, to target: String) throws(SystemError) {
    guard unsafe rename(path, target) == 0 else { throw .last(path) }
    try synchronize(parent(of: target))
  }

  /// Gives a file a second name; moves it to that where the file system knows only one.
  package static func link(_ path: String, as second: String) throws(SystemError) {
    #if canImport(Glibc)
    let isLinked = unsafe Glibc.link(path, second) == 0
    #else
    let isLinked = unsafe Darwin.link(path, second) == 0
    #endif
    if isLinked { return try synchronize(parent(of: second)) }
    guard errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK else { throw .last(second) }
    try move(path, to: second)
  }

  /// Removes a file; one that is not there is none to remove.
  ///
  /// Safety: as the type.
  package static func remove(_ path: String) throws(SystemError) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .last(path) }
  }

  /// Removes a folder and the files in it. Folders in it are refused.
  package static func removeWithFiles(_ path: String) throws(SystemError) {
    for name in try names(in: path) { try remove(path + "/" + name) }
    guard unsafe rmdir(path) == 0 || errno == ENOENT else { throw .last(path) }
  }

  /// Removes a folder and all that is in it; links are removed, not followed.
  ///
  /// Safety: as the type.
  package static func removeTree(_ path: String) throws(SystemError) {
    for name in try names(in: path) {
      let inner = path + "/" + name
      if unsafe unlink(inner) != 0 {
        guard errno == EISDIR || errno == EPERM else { throw .last(inner) }
        try removeTree(inner)
      }
    }
    guard unsafe rmdir(path) == 0 else { throw .last(path) }
  }

  /// Bytes of the files in it, and in the folders in it; links are not followed.
  ///
  /// Safety: as the type; the system fills a value of ours.
  package static func bytes(of path: String) throws(SystemError) -> Int64 {
    var sum: Int64 = 0
    for name in try names(in: path) {
      let inner = path + "/" + name
      var status = stat()
      guard unsafe lstat(inner, &status) == 0 else { throw .last(inner) }
      sum += status.st_mode & S_IFMT == S_IFDIR ? try bytes(of: inner) : Int64(status.st_size)
    }
    return sum
  }

  package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// The names in it are on the disk when this returns.
  ///
  /// Safety: as the type.
  package static func synchronize(_ path: String) throws(SystemError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last(path) }
    defer { close(descriptor) }
    // Some file systems know no such thing of a folder.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .last(path) }
  }

  /// The path from the system's root on; parts such as `..` stay.
  ///
  /// Safety: the buffer is as long as it says.
  package static func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard unsafe getcwd(&buffer, buffer.count) != nil else { return path }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/" + path
  }

  /// The folder that a path's last part stands in.
  package static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
