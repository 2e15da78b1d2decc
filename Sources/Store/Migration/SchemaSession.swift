/// One who changes a schema step by step. Nobody else does meanwhile: from `lock` to `close` it holds the database's migration lock,
/// which a process that is killed lets go of by itself.
package protocol SchemaSession: Sendable {
  /// Takes the lock.
  ///
  /// - Returns: false where somebody else has it: ask again later. True more than once is one lock.
  func lock() async throws(StoreError) -> Bool

  /// Statements in one transaction.
  func transact(_ statements: [String]) async throws(StoreError)

  /// A statement outside a transaction, however long it takes.
  func perform(_ statement: String) async throws(StoreError) -> [[String?]]

  func close() async
}

/// A store whose `define` is all that it takes: SQLite, where one process has the file.
struct DefiningSession: SchemaSession {
  let store: any Store

  func lock() async throws(StoreError) -> Bool { true }
  func transact(_ statements: [String]) async throws(StoreError) { try await store.define(statements) }

  func perform(_ statement: String) async throws(StoreError) -> [[String?]] {
    try await store.define([statement])
    return []
  }

  func close() async {}
}
