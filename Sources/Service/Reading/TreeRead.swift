import Base
import Store
import Synchronization

/// Rows and what is included below them, as they are at one moment: one statement for each level, whatever the number of rows.
final class TreeRead: ReadSequence {
  let place: ReadPlace?
  private let engine: Engine
  private let node: ReadNode
  private let root: Query
  private let kept: @Sendable (Rows) throws(Failure) -> Rows
  private let before: Fetcher.Tally
  private let state: Mutex<State>

  private struct State {
    var tally: Fetcher.Tally
    /// How many rows the first statement found.
    var found = 0
    var branches: [Branch] = []
    /// Relations that are not read yet.
    var open: [(branch: Int, relation: Int)] = []
    /// What the statement under way is for; nil: the root.
    var reading: (branch: Int, relation: Int)?
    var isLast = false
    var failure: Failure?
  }

  /// A level of the tree.
  private struct Branch {
    let node: ReadNode
    let rows: Rows
    /// By relation of the node: the place of its branch.
    var children: [Int?]

    init(_ node: ReadNode, _ rows: Rows) {
      self.node = node
      self.rows = rows
      children = node.relations.map { _ in nil }
    }
  }

  /// - Parameters:
  ///   - root: reads the rows of `node`.
  ///   - kept: which of these the answer has.
  ///   - tally: what the request has read so far.
  init(
    engine: Engine, node: ReadNode, root: Query, place: ReadPlace?, tally: Fetcher.Tally,
    keeping kept: @escaping @Sendable (Rows) throws(Failure) -> Rows
  ) {
    self.engine = engine
    self.node = node
    self.root = root
    self.place = place
    self.kept = kept
    before = tally
    state = Mutex(State(tally: tally))
  }

  func first() -> Query {
    state.withLock {
      $0 = State(tally: before)
      $0.tally.statements += 1
    }
    return root
  }

  var isLast: Bool { state.withLock(\.isLast) }

  func next(after rows: Rows) -> Query? {
    state.withLock { state in
      do throws(Failure) {
        try state.tally.note(rows)
        try take(rows, &state)
        while let (branch, relation) = state.open.popLast() {
          guard let query = try query(of: state.branches[branch].node.relations[relation], relation, below: state.branches[branch]) else {
            continue
          }
          state.reading = (branch, relation)
          state.isLast = state.open.isEmpty && state.branches[branch].node.relations[relation].node.relations.isEmpty
          state.tally.statements += 1
          return query
        }
      } catch {
        state.failure = error
      }
      return nil
    }
  }

  /// What came of it; how many rows the first statement found, with those that were not kept.
  func outcome() throws(Failure) -> (fetched: Fetched, found: Int, tally: Fetcher.Tally) {
    let result = state.withLock { ($0.failure, $0.branches, $0.found, $0.tally) }
    if let failure = result.0 { throw failure }
    guard !result.1.isEmpty else { return (Fetched(node: node, rows: Rows()), 0, result.3) }
    return (TreeRead.fetched(0, of: result.1), result.2, result.3)
  }

  /// How many statements were sent.
  var statements: Int { state.withLock(\.tally.statements) }

  private func take(_ rows: Rows, _ state: inout State) throws(Failure) {
    let new = state.branches.count
    if let (branch, relation) = state.reading {
      state.branches[branch].children[relation] = new
      state.branches.append(Branch(state.branches[branch].node.relations[relation].node, rows))
    } else {
      state.found = rows.count
      state.branches.append(Branch(node, try kept(rows)))
    }
    let relations = state.branches[new].node.relations
    for relation in relations.indices.reversed() { state.open.append((new, relation)) }
  }

  // MARK: Statements

  /// Nil where there is nothing to read.
  private func query(of relation: ReadNode.Relation, _ number: Int, below parent: Branch) throws(Failure) -> Query? {
    guard !relation.node.grant.isNever else { return nil }
    if let by = relation.by { return try children(relation.node, by: by, of: parent) }
    return try parent.node.captures.refs[number].flatMap { place throws(Failure) in try records(relation.node, at: place, of: parent) }
  }

  private func records(_ node: ReadNode, at place: Int, of parent: Branch) throws(Failure) -> Query? {
    var wanted: [Value] = []
    var seen: Set<Value> = []
    let stride = parent.node.captures.stride
    for row in 0..<parent.rows.count {
      let value = parent.rows.captured[row * stride + place]
      if !value.isNull, seen.insert(value).inserted { wanted.append(value) }
    }
    guard let last = wanted.last else { return nil }
    // The last one again, up to a power of two, so that few different statements serve every page.
    let count = TreeRead.power(above: wanted.count)
    wanted.append(contentsOf: repeatElement(last, count: count - wanted.count))
    let rule = try engine.rule(of: node)
    let statement = engine.statement(node, kind: .items(count)) {
      node.plan.reads.items(node.projection, count: count, rule: rule?.predicate)
    }
    return at(place: statement.query(node.slots + wanted + (rule?.values ?? [])))
  }

  private func children(_ node: ReadNode, by: FieldLayout, of parent: Branch) throws(Failure) -> Query? {
    let (stride, key) = (parent.node.captures.stride, parent.node.captures.key.lowerBound)
    var wanted = Array(Set((0..<parent.rows.count).map { parent.rows.captured[$0 * stride + key] }))
    guard !wanted.isEmpty else { return nil }
    // Not one of them again, whose rows would come twice, but null, which no row refers to.
    let count = TreeRead.power(above: wanted.count)
    wanted.append(contentsOf: repeatElement(.null, count: count - wanted.count))
    let rule = try engine.rule(of: node)
    let statement = engine.statement(node, kind: .children(by.name, count)) {
      node.plan.reads.children(node.projection, by: by, count: count, limit: Fetcher.collectionLimit + 1, rule: rule?.predicate)
    }
    return at(place: statement.query(wanted + node.slots + (rule?.values ?? [])))
  }

  private func at(place query: Query) -> Query {
    var query = query
    query.place = place
    return query
  }

  private static func power(above count: Int) -> Int {
    var power = 1
    while power < count { power *= 2 }
    return power
  }

  // MARK: The tree

  private static func fetched(_ number: Int, of branches: [Branch]) -> Fetched {
    let branch = branches[number]
    var fetched = Fetched(node: branch.node, rows: branch.rows)
    for (relation, child) in zip(branch.node.relations, branch.children) {
      let below = child.map { TreeRead.fetched($0, of: branches) } ?? Fetched(node: relation.node, rows: Rows())
      fetched.relations.append(relation.by == nil ? .records(below, below.placesByKey) : .collections(below, below.placesByParent))
    }
    return fetched
  }
}

extension Fetched {
  /// Each row's key, and the row.
  fileprivate var placesByKey: [Value: Int] {
    var places: [Value: Int] = [:]
    for row in 0..<rows.count { places[captured(row, node.captures.key.lowerBound)] = row }
    return places
  }

  /// Each parent's key, and its rows, which follow each other.
  fileprivate var placesByParent: [Value: (rows: Range<Int>, hasMore: Bool)] {
    var places: [Value: (rows: Range<Int>, hasMore: Bool)] = [:]
    var start = 0
    while start < rows.count, let place = node.captures.parent {
      let key = captured(start, place)
      var end = start + 1
      while end < rows.count, captured(end, place) == key { end += 1 }
      places[key] = (start..<min(end, start + Fetcher.collectionLimit), end - start > Fetcher.collectionLimit)
      start = end
    }
    return places
  }
}
