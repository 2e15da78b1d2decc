import Base
import Store

/// Reads for one request, and counts what it reads.
struct Fetcher {
  /// Rows of an included list.
  static let collectionLimit = 20
  /// Records in one answer, all levels together.
  static let recordsMax = 10_000
  /// Bytes of one answer. A record that many rows refer to stands in it many times, so that few records can make a long one.
  static let bytesMax = Rows.bytesMax

  /// What a request has read so far.
  struct Tally: Sendable {
    /// Statements sent.
    var statements = 0
    private var records = 0
    private var bytes = 0

    /// - Throws: `too_costly` where it becomes more than an answer holds.
    mutating func note(_ rows: Rows) throws(Failure) {
      records += rows.count
      bytes += rows.json.count
      guard records <= Fetcher.recordsMax else {
        throw Failure(.tooCostly, "The answer would hold more than \(Fetcher.recordsMax) records; include less or lower limit")
      }
      guard bytes <= Fetcher.bytesMax else { throw Fetcher.tooLong }
    }
  }

  let engine: Engine
  private let place: ReadPlace?
  private var tally = Tally()
  var statements: Int { tally.statements }

  /// - Parameter place: where the reads may go beside the primary.
  init(engine: Engine, place: ReadPlace? = nil) {
    self.engine = engine
    self.place = place
  }

  static var tooLong: Failure {
    Failure(.tooCostly, "The answer would have more than \(bytesMax >> 20) MiB; include less, ask for fewer fields or lower limit")
  }

  mutating func read(_ query: Query) async throws(Failure) -> Rows {
    tally.statements += 1
    let rows: Rows
    do {
      var query = query
      query.place = place
      rows = try await engine.store.read(query)
    } catch {
      throw Failure(error, statements: statements)
    }
    try tally.note(rows)
    return rows
  }

  /// Reads the rows of a node and what is included below those that are kept, all as of one moment.
  ///
  /// - Returns: how many rows were found, those that are not kept included.
  mutating func read(
    _ node: ReadNode, _ query: Query, keeping kept: @escaping @Sendable (Rows) throws(Failure) -> Rows = { $0 }
  ) async throws(Failure) -> (fetched: Fetched, found: Int) {
    guard !node.relations.isEmpty else {
      let rows = try await read(query)
      let found = rows.count
      return (Fetched(node: node, rows: try kept(rows)), found)
    }
    var query = query
    query.place = place
    let tree = TreeRead(engine: engine, node: node, root: query, place: place, tally: tally, keeping: kept)
    do {
      try await engine.store.read(tree)
    } catch {
      throw Failure(error, statements: tree.statements)
    }
    let outcome = try tree.outcome()
    tally = outcome.tally
    return (outcome.fetched, outcome.found)
  }
}
