package import Backup
package import Base
package import Contract
import PostgresStore
package import Reactor
import SQLiteStore
package import Store
package import Telemetry

/// Opens the store that a contract names.
package enum StoreOpening {
  /// - Parameter url: `sqlite:PATH`, `postgres://...` or `postgresql://...`; a relative path starts at the working folder.
  /// - Parameter isReadOnly: changes nothing, so that it may be opened beside a service that holds it (SQLite); plans are those of
  ///   large tables (PostgreSQL).
  /// - Parameter logger: told of replicas; without one they are not used.
  /// - Parameter memory: what rows that are read are counted in.
  /// - Parameter shipping: where it is backed up to meanwhile.
  /// - Throws: `StartError` with what is wrong and what to do.
  package static func open(
    _ settings: StoreSettings, group: EventLoopGroup, threads: Int, isReadOnly: Bool = false, memory: MemoryBudget = .unbounded,
    shipping: ShippingOptions? = nil, logger: Logger? = nil
  ) async throws(StartError) -> any Store {
    let url = settings.url
    do throws(StoreError) {
      if let path = path(ofSQLite: url) {
        var options = SQLiteOptions()
        options.timeout = settings.timeout
        options.readers = max(1, min(4, threads))
        options.isReadOnly = isReadOnly
        options.memory = memory
        options.shipping = shipping
        return try SQLiteStore(path: path, options: options)
      }
      if url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") {
        var options = PostgresOptions()
        options.pool = max(2, min(1000, settings.pool))
        options.timeout = settings.timeout
        options.transactionTimeout = settings.transactionTimeout
        options.lockTimeout = settings.lockTimeout
        options.connectTimeout = settings.connectTimeout
        options.waitTimeout = settings.waitTimeout
        options.isBehindPooler = settings.isBehindPooler
        options.directURL = settings.directURL
        options.plansForLargeTables = isReadOnly
        options.isReadOnly = isReadOnly
        options.memory = memory
        let store = try PostgresStore(url: url, options: options, loops: group.loops, shipping: isReadOnly ? nil : shipping)
        try await store.ping()
        guard let logger, !settings.replicas.isEmpty else { return store }
        return try ReplicatedStore(
          primary: store, url: url, replicas: settings.replicas, options: options, lag: settings.lag, loops: group.loops
        ) { logger.notice("replica", [LogField("detail", .cause($0))]) }
      }
    } catch {
      throw StartError(error.code == .invalidStatement ? .refused : .unreachable, "the store cannot be opened: \(error.message)")
    }
    throw StartError(.refused, "store.url must begin with sqlite: or postgres://")
  }

  /// The dialect of the store that a URL names; nil where this version has no such store.
  package static func dialect(of url: String) -> Dialect? {
    if path(ofSQLite: url) != nil { return .sqlite }
    return url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") ? .postgres : nil
  }

  /// The path of `sqlite:PATH`, or nil.
  package static func path(ofSQLite url: String) -> String? {
    SQLiteStore.path(of: url)
  }
}
