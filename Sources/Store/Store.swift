package import Base

/// A database: what the service needs of it. It knows no protocol and no rule.
///
/// Every call is bounded in time by the store's own time-outs, safe from any task, and cancellable: a cancelled read
/// throws `.cancelled`; a cancelled write may still take effect (its outcome is then unknown to the caller).
package protocol Store: Sendable {
  var dialect: Dialect { get }

  /// Runs one read.
  func read(_ query: Query) async throws(StoreError) -> Rows

  /// Runs reads that see one moment, until there are no more. Each is bounded in time as a read is.
  func read(_ sequence: any ReadSequence) async throws(StoreError)

  /// Runs a batch: see `WriteBatch`. Returns only when the outcome is durable (a refusal: when what it was decided on is).
  func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome

  /// Runs schema statements in one transaction, under the store's migration lock.
  func define(_ statements: [String]) async throws(StoreError)

  /// What changes the schema in several steps, with nobody else at it.
  func schemaSession() async throws(StoreError) -> any SchemaSession

  /// The rows of a statement as text, for schema inspection and query plans. Not for requests. At most 100,000 rows.
  func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]]

  /// A cheap round trip: throws when the store cannot answer. After a write that the disk or the database refused it throws until
  /// one would go through again; only then does it write itself.
  func ping() async throws(StoreError)

  /// The servers beside it that only serve reads. It works without them.
  var replicas: [ReplicaState] { get }

  /// Figures for `/metrics`: queue lengths, group sizes, connections.
  func gauges() -> [StoreGauge]

  /// Why its backup is behind what is committed; nil where it is not, or none is made. No reason to take no requests.
  var backupTrouble: String? { get }

  /// Finishes what is queued and closes. Later calls throw `.closed`.
  func close() async
}

extension Store {
  package var backupTrouble: String? { nil }
  package var replicas: [ReplicaState] { [] }

  /// One transaction is all that a store without a session of its own has.
  package func schemaSession() async throws(StoreError) -> any SchemaSession { DefiningSession(store: self) }
}

/// A replica, as whoever runs the service wants to see it.
package struct ReplicaState: Sendable, Equatable {
  /// Reads go to it.
  package var isInUse: Bool
  package init(isInUse: Bool) { self.isInUse = isInUse }
}

/// The SQL dialect of a store.
package enum Dialect: String, Sendable {
  case sqlite, postgres
}

/// One figure of a store.
package struct StoreGauge: Sendable {
  package var name: String
  package var help: String
  package var value: Double
  package init(name: String, help: String, value: Double) {
    self.name = name
    self.help = help
    self.value = value
  }
}

extension StoreGauge {
  /// What every store says of its backup.
  ///
  /// - Parameter lastBase: the moment of the newest whole copy.
  package static func backup(isFailing: Bool, waitingBytes: Double, waitingSeconds: Double, lastBase: Timestamp?) -> [StoreGauge] {
    [
      StoreGauge(name: "backup_failing", help: "1 while the folder of backups is behind.", value: isFailing ? 1 : 0),
      StoreGauge(name: "backup_waiting_bytes", help: "Bytes of log that are not in the folder of backups.", value: waitingBytes),
      StoreGauge(name: "backup_waiting_seconds", help: "Since when the oldest of them waits.", value: waitingSeconds),
      StoreGauge(
        name: "backup_copy_timestamp_seconds", help: "The moment of the newest whole copy that this process knows of; 0 before.",
        value: lastBase.map { Double($0.microseconds) / 1e6 } ?? 0),
    ]
  }
}

/// Why a store could not do its work. Nothing the peer sent causes one, except `.timeout` of a statement that takes too long.
package struct StoreError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// It cannot be reached, or a connection was lost before anything can have happened.
    case unavailable
    /// A queue or pool is full.
    case overloaded
    /// The process holds as many bytes as it may. Nothing has happened.
    case memory
    /// A read's rows have more bytes than an answer may (`Rows.bytesMax`).
    case tooLarge
    case timeout
    /// The connection was lost after a write was sent: its outcome is not known.
    case outcomeUnknown
    /// Disk full, I/O error.
    case storage
    /// It takes no writes: a standby, a server or a file that was made read-only.
    case readOnly
    case corrupt
    case cancelled
    case closed
    /// A statement the database does not accept: a defect of ours, or a schema that does not fit.
    case invalidStatement
    /// A stored value that its column's kind cannot hold.
    case invalidValue
    /// What a read computes is past the range of its type.
    case outOfRange
  }
  package var code: Code
  /// For the log, never for a peer.
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { "\(code.rawValue): \(message)" }

  package static var tooLarge: StoreError {
    StoreError(.tooLarge, "a statement's rows have more than \(Rows.bytesMax >> 20) MiB")
  }

  package static var memory: StoreError { StoreError(.memory, "the process holds as many bytes as it may") }
}
