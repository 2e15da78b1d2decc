import Synchronization

/// SQL text that the builder made, prepared once on each connection.
///
/// Identity is what counts: two statements of the same text are two statements. Whoever makes statements at run time
/// (filters) keeps them in a bounded cache.
package final class Statement: Sendable {
  /// A small dense number, the key of every connection's statement cache.
  package let number: Int
  package let text: String
  /// How each parameter is bound, in order.
  package let parameters: [ColumnKind]
  /// The same read for several callers at once (`SQL.shared`): each parameter is an array with a value for each of them. Nil
  /// where that is not offered.
  package let shared: String?

  private static let lastNumber = Atomic<Int>(0)
  /// Rows of more bytes are long: a read of them takes a connection or a thread for a while, and much of the memory there is.
  private static let longBytes = 1 << 20
  private let wasLong = Atomic<Bool>(false)
  /// A read that takes longer would keep quick ones waiting.
  private static let slowNanoseconds: UInt64 = 250_000
  private let pace = Atomic<UInt64>(0)

  package init(text: String, parameters: [ColumnKind], shared: String? = nil) {
    number = Statement.lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
    self.text = text
    self.parameters = parameters
    self.shared = shared
  }

  /// Whether its rows were long when it was run last.
  package var isLong: Bool { wasLong.load(ordering: .relaxed) }

  /// Notes how many bytes its rows had; `.max` where they were too many to be read.
  package func note(bytes: Int) {
    let isLong = bytes > Statement.longBytes
    if isLong != self.isLong { wasLong.store(isLong, ordering: .relaxed) }
  }

  /// Whether it has lately taken long each time that it ran.
  package var isSlow: Bool { pace.load(ordering: .relaxed) > Statement.slowNanoseconds }

  /// Notes how long it ran. What is shorter counts at once and what is longer by and by: a thread that had to wait for a processor
  /// looks like a slow statement.
  package func note(nanoseconds: UInt64) {
    let known = pace.load(ordering: .relaxed)
    let noted = known == 0 ? nanoseconds : min(nanoseconds, known &+ known / 4 &+ 1_000)
    if noted != known { pace.store(max(1, noted), ordering: .relaxed) }
  }
}

/// How a column holds a value: the contract's type and its encoding, resolved for both stores.
package enum ColumnKind: Sendable, Hashable {
  case text
  case integer
  /// SQLite: INTEGER scaled; PostgreSQL: numeric.
  case decimal(scale: Int)
  case number
  case boolean
  /// SQLite: INTEGER microseconds; PostgreSQL: timestamptz.
  case timestamp
  case date
  /// SQLite: BLOB(16); PostgreSQL: uuid.
  case uuid
  /// JSON text; PostgreSQL: jsonb.
  case json
  case bytes
  /// Whatever the row holds, in its own class: for comparing a row with itself. SQLite only.
  case stored
  // Adopted columns' own encodings.
  case decimalAsReal(scale: Int)
  case timestampAsText
  case dateAsText
  case timestampAsUnixSeconds
  case timestampAsUnixMilliseconds
  case booleanAsTexts(yes: String, no: String)
  case uuidAsText
}
