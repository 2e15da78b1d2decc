import CSQLite

/// SQLite's online backup from one connection to another, some pages at a time.
///
/// Safety: the handle is open from `init` to `finish`, which the one thread that uses it calls once; both connections are kept
/// until then.
@safe struct PageCopy: ~Copyable {
  private let handle: OpaquePointer
  private let source: Connection
  private let destination: Connection
  private var isOpen = true

  /// - Parameter source: with an open read transaction, or the copy would begin anew at each commit.
  init(from source: Connection, to destination: Connection) throws(DriverError) {
    guard let handle = unsafe sqlite3_backup_init(destination.handle, "main", source.handle, "main") else { throw destination.error }
    unsafe self.handle = handle
    self.source = source
    self.destination = destination
  }

  /// Safety: as the type.
  deinit { if isOpen { unsafe sqlite3_backup_finish(handle) } }

  /// Copies so many pages.
  ///
  /// - Returns: how many are left.
  ///
  /// Safety: as the type.
  func step(pages: Int32) throws(DriverError) -> Int {
    let code = unsafe sqlite3_backup_step(handle, pages)
    guard code == SQLITE_OK || code == SQLITE_DONE else { throw failure(code) }
    return code == SQLITE_DONE ? 0 : max(1, Int(unsafe sqlite3_backup_remaining(handle)))
  }

  /// Ends it; the pages are in the destination's file.
  ///
  /// Safety: as the type; the handle is gone whatever the answer.
  mutating func finish() throws(DriverError) {
    isOpen = false
    let code = unsafe sqlite3_backup_finish(handle)
    guard code == SQLITE_OK else { throw failure(code) }
  }

  /// Safety: the text is a constant of the library.
  private func failure(_ code: Int32) -> DriverError {
    unsafe DriverError(code: code, message: String(cString: sqlite3_errstr(code)))
  }
}
