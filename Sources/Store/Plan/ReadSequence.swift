/// Reads that all see the database as it is at one moment, each made from what came of those before it.
///
/// A store calls it from a thread or a loop of its own, one call after the other: it waits for nothing and takes little time.
package protocol ReadSequence: AnyObject, Sendable {
  /// As a query's.
  var place: ReadPlace? { get }

  /// The first one. Asked once more where the sequence begins anew (a connection was lost): what an earlier attempt brought does
  /// not count then.
  func first() -> Query

  /// The next one, given what the last one yielded; nil where there are no more.
  func next(after rows: Rows) -> Query?

  /// Whether the query that was handed out last is known to be the last one: the end of the transaction goes along with it then.
  var isLast: Bool { get }
}

extension ReadSequence {
  package var isLast: Bool { false }
}

extension Store {
  /// One after the other, each in its own moment: for stores that are no database themselves.
  package func read(_ sequence: any ReadSequence) async throws(StoreError) {
    var query: Query? = sequence.first()
    while let current = query { query = sequence.next(after: try await read(current)) }
  }
}
