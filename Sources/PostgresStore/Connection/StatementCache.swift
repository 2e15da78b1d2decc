import Store

/// What a prepared statement is prepared as.
struct StatementKey: Hashable, Sendable {
  enum Form: Hashable, Sendable {
    case plain
    /// A guard's select, wrapped so that it raises its code.
    case guarding
    /// A change, wrapped so that another number of rows raises it.
    case counted(Int)
    /// A read for several callers at once.
    case shared
  }
  let number: Int
  let form: Form
}

/// Which statements a connection has prepared, under which names; the least recently used goes when there is no room.
///
/// Names are never used twice on a connection: what was asked for earlier in a pipeline keeps its meaning.
struct StatementCache: Sendable {
  enum Use: Equatable, Sendable {
    case ready(name: String)
    /// To be prepared under this name first; the evicted names are to be deallocated.
    case missing(name: String, evicted: String?)
  }

  private struct Entry {
    let name: String
    var lastUse: Int
    /// Its rows are asked for in the binary format, when they are read by this.
    var binaryEncoding: RowEncoding?
  }

  let capacity: Int
  private var entries: [StatementKey: Entry] = [:]
  private var uses = 0
  private var names = 0

  init(capacity: Int) { self.capacity = max(1, capacity) }

  var count: Int { entries.count }

  /// Notes a use. After `.missing` the statement counts as prepared until `forget`.
  mutating func use(_ key: StatementKey) -> Use {
    uses += 1
    if let index = entries.index(forKey: key) {
      entries.values[index].lastUse = uses
      return .ready(name: entries.values[index].name)
    }
    var evicted: String?
    if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      evicted = oldest.value.name
      entries[oldest.key] = nil
    }
    names += 1
    let name = "s\(names)"
    entries[key] = Entry(name: name, lastUse: uses)
    return .missing(name: name, evicted: evicted)
  }

  /// Notes that a statement's columns, as the server described them, can be read in the binary format by an encoding.
  mutating func setBinary(_ key: StatementKey, for encoding: RowEncoding) { entries[key]?.binaryEncoding = encoding }

  /// Whether to ask for the binary format.
  func isBinary(_ key: StatementKey, for encoding: RowEncoding) -> Bool { entries[key]?.binaryEncoding === encoding }

  /// Drops what turned out not to be prepared, or not to fit any more. Returns its name.
  @discardableResult
  mutating func forget(_ key: StatementKey) -> String? { entries.removeValue(forKey: key)?.name }
}
