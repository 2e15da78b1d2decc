import Base
import Store

/// Reads what a tree of nodes asks for: one statement for each level, whatever the number of rows.
struct Fetcher {
  /// Rows of an included list.
  static let collectionLimit = 20
  /// Records in one answer, all levels together.
  static let recordsMax = 10_000
  /// Bytes of one answer. A record that many rows refer to stands in it many times, so that few records can make a long one.
  static let bytesMax = Rows.bytesMax

  let engine: Engine
  private let place: ReadPlace?
  /// Statements sent so far.
  var statements = 0
  private var records = 0
  private var bytes = 0

  /// - Parameter place: where the reads may go beside the primary.
  init(engine: Engine, place: ReadPlace? = nil) {
    self.engine = engine
    self.place = place
  }

  static var tooLong: Failure {
    Failure(.tooCostly, "The answer would have more than \(bytesMax >> 20) MiB; include less, ask for fewer fields or lower limit")
  }

  mutating func read(_ query: Query) async throws(Failure) -> Rows {
    statements += 1
    do {
      var query = query
      query.place = place
      let rows = try await engine.store.read(query)
      records += rows.count
      bytes += rows.json.count
      guard records <= Fetcher.recordsMax else {
        throw Failure(.tooCostly, "The answer would hold more than \(Fetcher.recordsMax) records; include less or lower limit")
      }
      guard bytes <= Fetcher.bytesMax else { throw Fetcher.tooLong }
      return rows
    } catch let error as StoreError {
      throw Failure(error, statements: statements)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.internal, "")
    }
  }

  /// Reads what the node includes below its rows.
  mutating func relations(of fetched: inout Fetched) async throws(Failure) {
    for (place, relation) in fetched.node.relations.enumerated() {
      if let by = relation.by {
        fetched.relations.append(try await collections(relation, by: by, of: fetched))
      } else {
        fetched.relations.append(try await references(relation, at: fetched.node.captures.refs[place], of: fetched))
      }
    }
  }

  private mutating func references(
    _ relation: ReadNode.Relation, at place: Int?, of parent: Fetched
  ) async throws(Failure) -> Fetched.Included {
    var wanted: [Value] = []
    var seen: Set<Value> = []
    if let place {
      for row in 0..<parent.rows.count {
        let value = parent.captured(row, place)
        if !value.isNull, seen.insert(value).inserted { wanted.append(value) }
      }
    }
    let node = relation.node
    guard !wanted.isEmpty, !node.grant.isNever else { return .records(Fetched(node: node, rows: Rows()), [:]) }
    let count = Fetcher.padded(&wanted)
    let rule = try engine.rule(of: node)
    let statement = engine.statement(node, kind: .items(count)) {
      node.plan.reads.items(node.projection, count: count, rule: rule?.predicate)
    }
    var fetched = Fetched(node: node, rows: try await read(statement.query(node.slots + wanted + (rule?.values ?? []))))
    try await relations(of: &fetched)
    var places: [Value: Int] = [:]
    for row in 0..<fetched.rows.count { places[fetched.captured(row, node.captures.key.lowerBound)] = row }
    return .records(fetched, places)
  }

  private mutating func collections(
    _ relation: ReadNode.Relation, by: FieldLayout, of parent: Fetched
  ) async throws(Failure) -> Fetched.Included {
    let node = relation.node
    var wanted = (0..<parent.rows.count).map { parent.captured($0, parent.node.captures.key.lowerBound) }
    guard !wanted.isEmpty, !node.grant.isNever else { return .collections(Fetched(node: node, rows: Rows()), [:]) }
    let distinct = Array(Set(wanted))
    wanted = distinct
    // Parents are not padded by repeating one (its rows would come twice) but by null, which no row refers to.
    let count = Fetcher.power(above: wanted.count)
    wanted.append(contentsOf: repeatElement(.null, count: count - wanted.count))
    let limit = Fetcher.collectionLimit + 1
    let rule = try engine.rule(of: node)
    let statement = engine.statement(node, kind: .children(by.name, count)) {
      node.plan.reads.children(node.projection, by: by, count: count, limit: limit, rule: rule?.predicate)
    }
    var fetched = Fetched(node: node, rows: try await read(statement.query(wanted + node.slots + (rule?.values ?? []))))
    try await relations(of: &fetched)
    var places: [Value: (rows: Range<Int>, hasMore: Bool)] = [:]
    var start = 0
    while start < fetched.rows.count, let place = node.captures.parent {
      let key = fetched.captured(start, place)
      var end = start + 1
      while end < fetched.rows.count, fetched.captured(end, place) == key { end += 1 }
      places[key] = (start..<min(end, start + Fetcher.collectionLimit), end - start > Fetcher.collectionLimit)
      start = end
    }
    return .collections(fetched, places)
  }

  /// Repeats the last value up to a power of two, so that few different statements serve every page.
  private static func padded(_ values: inout [Value]) -> Int {
    let count = power(above: values.count)
    if let last = values.last { values.append(contentsOf: repeatElement(last, count: count - values.count)) }
    return count
  }

  private static func power(above count: Int) -> Int {
    var power = 1
    while power < count { power *= 2 }
    return power
  }
}
