import Base
import CSQLite
import Store

/// One connection to a database file.
///
/// Safety: the handle is open from `init` to `close`, after which nobody uses the connection. A connection is opened without
/// SQLite's own mutexes and handed to one thread, which alone uses it until all threads have ended and the last of them closes
/// it; that is why it is `@unchecked Sendable`. The watch and the log's length outlive the handle.
@safe final class Connection: @unchecked Sendable {
  enum Role {
    case reader, writer, inspector
    /// Copies the write-ahead log into the file.
    case checkpointer
    /// What a copy of a database is written to, and nobody else has open.
    case copy
  }

  let handle: OpaquePointer
  let role: Role
  private var isOpen = true
  private var cache = StatementCache()
  /// Lent to one row at a time.
  private var rowBuffer: RowBuffer
  private let memory: MemoryBudget
  let watch = Watch()
  /// The writer's only.
  let log = LogLength()

  /// Safety: as the type.
  init(path: String, role: Role, options: SQLiteOptions) throws(DriverError) {
    _ = Connection.initialized
    var opened: OpaquePointer?
    let access = role == .inspector ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let code = unsafe sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard let database = unsafe opened, code == SQLITE_OK else {
      let message = unsafe String(cString: sqlite3_errstr(code))
      unsafe sqlite3_close_v2(opened)
      throw DriverError(code: code, message: "\(message): \(path)")
    }
    unsafe handle = database
    self.role = role
    memory = options.memory
    rowBuffer = RowBuffer(options.memory)
    unsafe sqlite3_busy_timeout(database, options.busyTimeoutMilliseconds)
    unsafe martlet_sqlite_defend(database)
    unsafe sqlite3_progress_handler(
      database, Watch.instructions,
      { context in
        guard let context = unsafe context else { return 0 }
        return unsafe Unmanaged<Watch>.fromOpaque(context).takeUnretainedValue().mustStop ? 1 : 0
      }, Unmanaged.passUnretained(watch).toOpaque())
    try configure(role: role, options: options)
  }

  /// As `init`, with the store's errors.
  convenience init(opening path: String, _ role: Role, _ options: SQLiteOptions) throws(StoreError) {
    do throws(DriverError) {
      try self.init(path: path, role: role, options: options)
    } catch {
      throw error.storeError
    }
  }

  deinit { close() }

  /// The last connection of all that closes copies the write-ahead log into the file and removes it.
  ///
  /// Safety: once, as `isOpen` says; the statements are finalised before.
  func close() {
    guard isOpen else { return }
    isOpen = false
    cache.removeAll()
    unsafe sqlite3_close_v2(handle)
  }

  private static let initialized: Int32 = martlet_sqlite_initialize()

  // Safety: in what follows the handle is open (`init` to `close`) and only this thread uses it.

  private func configure(role: Role, options: SQLiteOptions) throws(DriverError) {
    try execute("PRAGMA trusted_schema=OFF")
    try execute("PRAGMA cell_size_check=ON")
    try execute("PRAGMA temp_store=MEMORY")
    try execute("PRAGMA cache_size=-\(max(64, options.cacheKibibytes))")
    try execute("PRAGMA mmap_size=\(max(0, options.mappedBytes))")
    switch role {
    case .writer:
      guard try rows("PRAGMA journal_mode=WAL").first?.first == "wal" else {
        throw DriverError(code: SQLITE_CANTOPEN, message: "the file system cannot hold a write-ahead log")
      }
      try execute("PRAGMA synchronous=FULL")
      try execute("PRAGMA foreign_keys=ON")
      // In the place of SQLite's own, which copies the log within a commit.
      unsafe sqlite3_wal_hook(
        handle,
        { context, _, _, pages in
          if let context = unsafe context {
            unsafe Unmanaged<LogLength>.fromOpaque(context).takeUnretainedValue().committed(pages: Int(pages))
          }
          return SQLITE_OK
        }, Unmanaged.passUnretained(log).toOpaque())
      try execute("PRAGMA journal_size_limit=67108864")
      try trustWords()
    case .checkpointer:
      try execute("PRAGMA synchronous=FULL")
      try execute("PRAGMA query_only=ON")
    case .copy:
      // A copy that was broken off is thrown away; whoever makes it has it written to the disk at the end.
      try execute("PRAGMA journal_mode=MEMORY")
      try execute("PRAGMA synchronous=OFF")
    case .reader, .inspector:
      try execute("PRAGMA query_only=ON")
      // What SQLite itself holds of one value: with more the answer would be too large anyway.
      unsafe sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Int32(Rows.bytesMax))
    }
  }

  /// Triggers that keep an index of words write to an FTS5 table, which SQLite 3.40 lets only a trusted schema do. So the one
  /// connection that writes trusts the schema of a file that has such triggers. What SQLite holds dangerous (`DIRECTONLY`)
  /// stays out of every schema's reach.
  func trustWords() throws(DriverError) {
    let found = try rows("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name GLOB '_martlet_words_*' LIMIT 1")
    try execute(found.isEmpty ? "PRAGMA trusted_schema=OFF" : "PRAGMA trusted_schema=ON")
  }

  // Safety: as above.

  /// Whether no transaction is open: also after SQLite rolled one back by itself.
  var isIdle: Bool { unsafe sqlite3_get_autocommit(handle) != 0 }

  /// Rows that the last INSERT, UPDATE or DELETE changed.
  var changes: Int { unsafe Int(clamping: sqlite3_changes64(handle)) }

  /// Rows that were ever changed, by triggers and foreign keys as well.
  var changesEver: Int64 { unsafe sqlite3_total_changes64(handle) }

  /// Copies what no reader needs any more from the write-ahead log into the file; waits for nobody.
  ///
  /// - Returns: how many pages the log holds, and how many of them the file has by now.
  ///
  /// Safety: SQLite fills two values of ours.
  func checkpoint() throws(DriverError) -> (pages: Int, copied: Int) {
    var pages: Int32 = 0
    var copied: Int32 = 0
    guard unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied) == SQLITE_OK else { throw error }
    return (Int(pages), Int(copied))
  }

  /// The statement, compiled on its first use.
  func prepared(_ statement: Statement) throws(DriverError) -> PreparedStatement {
    if let found = cache.find(statement.number) { return found }
    let compiled = try compile(statement.text, persistent: true)
    cache.insert(compiled, number: statement.number)
    return compiled
  }

  /// Begins a transaction that writes.
  func beginWriting() throws(DriverError) {
    try execute(Connection.begin)
    log.capture?.saw(version: dataVersion)
  }

  /// Another number once other connections have changed the file; of this one's own changes it knows nothing.
  var dataVersion: Int64? {
    guard let statement = try? prepared(Connection.version) else { return nil }
    defer { statement.reset() }
    guard (try? statement.step()) == .row else { return nil }
    return statement.integer(of: 0)
  }

  private static let begin = Statement(text: "BEGIN IMMEDIATE", parameters: [])
  private static let version = Statement(text: "PRAGMA data_version", parameters: [])

  /// Runs a prepared statement without parameters.
  func execute(_ statement: Statement) throws(DriverError) {
    let compiled = try prepared(statement)
    defer { compiled.reset() }
    while try compiled.step() == .row {}
  }

  /// Runs a query to its end.
  func read(_ query: Query) throws(StoreError) -> Rows {
    do throws(StoreError) {
      return try collect(query)
    } catch {
      // What was collected up to there may be much.
      rowBuffer.removeAll()
      throw error
    }
  }

  private func collect(_ query: Query) throws(StoreError) -> Rows {
    let statement: PreparedStatement
    do throws(DriverError) {
      statement = try prepared(query.statement)
    } catch {
      throw error.storeError
    }
    if query.apart != nil, !statement.isReading(parameters: query.values.count) {
      throw StoreError(.invalidStatement, "the statement does not only read, or has other parameters than are bound")
    }
    defer { statement.reset() }
    var reader = RowReader(query, &rowBuffer, memory)
    do throws(DriverError) {
      try statement.bind(query.values, as: query.statement.parameters)
    } catch {
      throw error.storeError
    }
    while true {
      let step: PreparedStatement.Step
      do throws(DriverError) {
        step = try statement.step()
      } catch {
        throw error.storeError
      }
      if step == .done { return try reader.finish(&rowBuffer) }
      try reader.take(statement, &rowBuffer)
    }
  }

  /// Runs a statement without parameters and drops its rows.
  func execute(_ text: String) throws(DriverError) {
    let statement = try compile(text, persistent: false)
    defer { statement.finalize() }
    while try statement.step() == .row {}
  }

  /// A statement for one use: the caller finalises it.
  ///
  /// Safety: `compiled` is ours to fill; the text is a NUL-terminated copy for the call's time.
  func compile(_ text: String, persistent: Bool) throws(DriverError) -> PreparedStatement {
    var compiled: OpaquePointer?
    let flags = persistent ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
    // The text ends in a NUL of its own: `-1` reads up to there.
    let code = unsafe sqlite3_prepare_v3(handle, text, -1, flags, &compiled, nil)
    guard code == SQLITE_OK else { throw error }
    guard let pointer = unsafe compiled else {
      throw DriverError(code: SQLITE_MISUSE, message: "an empty statement")
    }
    return unsafe PreparedStatement(pointer)
  }

  var error: DriverError {
    unsafe DriverError(code: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)))
  }
}
