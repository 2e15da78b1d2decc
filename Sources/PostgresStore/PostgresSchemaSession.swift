import Base
import Reactor
import Store

/// One connection, whose session holds the migration lock. Where it is lost the lock is lost with it, and the next `lock` says
/// whether somebody else was faster.
struct PostgresSchemaSession: SchemaSession {
  private let store: PostgresStore

  /// An index over many rows takes hours.
  private static let statementTimeout = Duration.seconds(24 * 3600)
  /// What looks at rows waits for older transactions, and keeps nobody waiting itself.
  private static let lockTimeout = Duration.seconds(600)

  init(url: String, options: PostgresOptions, loop: EventLoop) throws(StoreError) {
    var options = options
    if options.isBehindPooler {
      guard options.directURL != nil else {
        throw StoreError(
          .invalidStatement, "a pooler keeps no session, and a migration needs one: store.direct is to name the database itself")
      }
      options.isBehindPooler = false
    }
    options.pool = 1
    options.changesSchema = true
    options.plansForLargeTables = false
    options.timeout = PostgresSchemaSession.statementTimeout
    options.defineTimeout = PostgresSchemaSession.statementTimeout
    options.lockTimeout = PostgresSchemaSession.lockTimeout
    // What was begun before the connection was lost is not blindly begun again.
    options.readAttemptsMax = 1
    options.writeAttemptsMax = 1
    store = try PostgresStore(url: options.directURL ?? url, options: options, loops: [loop])
  }

  func lock() async throws(StoreError) -> Bool {
    try await store.inspect(EngineSQL.tryDefinitions.description, []).first?.first == "1"
  }

  func transact(_ statements: [String]) async throws(StoreError) { try await store.define(statements) }

  func perform(_ statement: String) async throws(StoreError) -> [[String?]] { try await store.inspect(statement, []) }

  func close() async { await store.close() }
}
