import CSQLite

/// A compiled statement of one connection. It lives as long as the connection's cache keeps it: use it, reset it, forget it.
///
/// Safety: the pointer comes from `sqlite3_prepare_v3` and stays valid until the cache finalises it, which only happens when
/// the same connection prepares another statement; a connection serves one thread and one statement at a time.
@safe struct PreparedStatement {
  private let pointer: OpaquePointer
  let columns: Int32

  init(_ pointer: OpaquePointer) {
    unsafe self.pointer = unsafe pointer
    unsafe columns = sqlite3_column_count(pointer)
  }

  /// The raw handle, for the binding and the reading of columns in this target.
  var handle: OpaquePointer { unsafe pointer }

  /// Whether it changes nothing in the file, as SQLite says of what it has compiled, and takes so many values.
  func isReading(parameters: Int) -> Bool {
    unsafe sqlite3_stmt_readonly(pointer) != 0 && sqlite3_bind_parameter_count(pointer) == Int32(clamping: parameters)
  }

  enum Step { case row, done }

  func step() throws(DriverError) -> Step {
    switch unsafe sqlite3_step(pointer) {
    case SQLITE_ROW: return .row
    case SQLITE_DONE: return .done
    default: throw error
    }
  }

  /// Ends it and forgets its values; the next use begins anew.
  func reset() {
    unsafe sqlite3_reset(pointer)
    unsafe sqlite3_clear_bindings(pointer)
  }

  /// Frees it: only the cache does.
  func finalize() { unsafe sqlite3_finalize(pointer) }

  private var error: DriverError {
    let database = unsafe sqlite3_db_handle(pointer)
    return unsafe DriverError(
      code: sqlite3_extended_errcode(database), message: String(cString: sqlite3_errmsg(database)))
  }
}
