package import Base

/// How a PostgreSQL store works. Every queue, cache, pool and wait has its bound here.
package struct PostgresOptions: Sendable {
  /// Connections in all, over every loop. 1 to 1000.
  package var pool = 20
  /// One statement on the server, and a group of reads.
  package var timeout: Duration = .seconds(30)
  /// All of a batch, from its first statement to its commit; nil: as long as one statement.
  package var transactionTimeout: Duration?
  /// How long a call may wait for a connection.
  package var waitTimeout: Duration = .seconds(5)
  /// How long a statement waits for a row's or table's lock.
  package var lockTimeout: Duration = .seconds(5)
  /// Name look-up, TCP, TLS, authentication.
  package var connectTimeout: Duration = .seconds(5)
  /// All of a `define`.
  package var defineTimeout: Duration = .seconds(600)
  /// How long after the server's own time-out a silent server is given up.
  package var graceTimeout: Duration = .seconds(2)
  /// Reads that may wait on a loop; one more is refused with `.overloaded`.
  package var readQueueMax = 4096
  /// Writes that may wait on a loop; one more is refused with `.overloaded`.
  package var writeQueueMax = 1024
  /// Reads that share one sync.
  package var batchMax = 64
  /// Prepared statements a connection keeps.
  package var statementsMax = 256
  /// How often a write is sent at most, where the server undoes it for others' sake (deadlock, serialization).
  package var writeAttemptsMax = 5
  /// How often a read is sent at most, where its connection is lost under it.
  package var readAttemptsMax = 3
  /// How long reads wait before another connection is opened for them.
  package var growthDelay: Duration = .milliseconds(5)
  /// Plans read a whole table only where no index serves, as they do once it has grown: for `explain`.
  package var plansForLargeTables = false
  /// Its one connection changes the schema: statements outside a transaction may write, and take as long as they need.
  package var changesSchema = false
  /// A pooler hands each transaction to whichever of its connections is free: nothing of a session outlives a transaction, neither
  /// settings nor prepared statements.
  package var isBehindPooler = false
  /// The URL past the pooler, for what needs a session: migrations.
  package var directURL: String?
  /// Nothing is written, and no function is made that writes need.
  package var isReadOnly = false
  /// What rows that are read are counted in.
  package var memory = MemoryBudget.unbounded

  package init() {}
}
