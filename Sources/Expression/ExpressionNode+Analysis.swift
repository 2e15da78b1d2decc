package import Base

extension ExpressionNode {
  /// `[customer, user]` for `record.customer.user`; nil for anything else. `record` itself is empty.
  package var fieldPath: [String]? {
    var names: [String] = []
    var node = self
    while true {
      switch node.kind {
      case .record: return names.reversed()
      case .member(let base, let name):
        names.append(name)
        node = base
      default: return nil
      }
    }
  }

  /// Conditions of which each must hold.
  package var conjuncts: [ExpressionNode] {
    guard case .and(let parts) = kind else { return [self] }
    return parts.flatMap(\.conjuncts)
  }

  /// A value that is known before the row is read and is not null.
  package enum Operand: Sendable, Equatable {
    case literal(Value)
    case slot(Int)
  }

  /// `field == value`, either way round, where the field is the record's own (or one reached through refs) and the value
  /// is known and not null.
  package var equality: (path: [String], value: Operand)? {
    guard case .binary(.equal, let a, let b) = kind else { return nil }
    if let path = a.fieldPath, let operand = b.operand { return (path, operand) }
    if let path = b.fieldPath, let operand = a.operand { return (path, operand) }
    return nil
  }

  /// `record.members.exists(m, m.user == value && ...)`: the collection, and the members of its records that have to equal a
  /// known value, where nothing else of the condition speaks of the record that has the collection.
  package var membership: (collection: String, fields: [String])? {
    guard case .macro(.exists, let range, let level, let predicate) = kind, range.isCollection, let path = range.fieldPath,
      path.count == 1, !predicate.usesRow, predicate.freeVariables & ~(1 << UInt64(clamping: level)) == 0
    else { return nil }
    let fields = predicate.conjuncts.compactMap { conjunct -> String? in
      guard case .binary(.equal, let a, let b) = conjunct.kind else { return nil }
      return a.operand != nil ? b.member(ofVariable: level) : b.operand != nil ? a.member(ofVariable: level) : nil
    }
    return fields.isEmpty ? nil : (path[0], fields)
  }

  private func member(ofVariable level: Int) -> String? {
    guard case .member(let base, let name) = kind, case .variable(level) = base.kind else { return nil }
    return name
  }

  private var operand: Operand? {
    switch kind {
    case .literal(let value): value.isNull ? nil : .literal(value)
    case .slot(let place): .slot(place)
    default: nil
    }
  }
}

extension ResidualExpression {
  /// Conditions of which each must hold.
  package var conjuncts: [ExpressionNode] { root.conjuncts }
}

/// A path of members from `record` (or `input`), where it is used.
package struct PathUse: Sendable, Equatable {
  package var path: [String]
  /// UTF-8 bytes from the start of the source: of its last name.
  package var offset: Int
}

extension CheckedExpression {
  /// Every path from `record` and `input` that it reads, the longest ones: `customer.user` without `customer`. Within a
  /// macro over a collection its elements' members count as the collection's: `items.quantity`.
  package var paths: [PathUse] {
    var collector = PathCollector()
    collector.visit(root)
    return collector.paths
  }

  /// Paths of related records and collections that must be loaded before it is evaluated in memory: `[customer]` for
  /// `record.customer.user`, nothing for `record.customer == caller.id`. Shorter ones first, each once.
  package var loads: [[String]] {
    var collector = PathCollector()
    collector.visit(root)
    var result: [[String]] = []
    for path in collector.loads where !result.contains(path) { result.append(path) }
    return result.sorted { $0.count < $1.count }
  }

  /// Whether it stands on the record or the input at all.
  package var usesRow: Bool { root.usesRow }
}

private struct PathCollector {
  var paths: [PathUse] = []
  var loads: [[String]] = []
  private var ranges: [[String]?] = []

  mutating func visit(_ node: ExpressionNode) {
    if let path = path(of: node) {
      if !path.isEmpty { paths.append(PathUse(path: path, offset: node.offset)) }
      noteLoads(node)
      return
    }
    if case .macro(_, let range, _, let predicate) = node.kind {
      visit(range)
      ranges.append(path(of: range))
      visit(predicate)
      ranges.removeLast()
      return
    }
    for child in node.kind.children { visit(child) }
  }

  private func path(of node: ExpressionNode) -> [String]? {
    switch node.kind {
    case .record, .input: []
    case .variable(let level): level < ranges.count ? ranges[level] : nil
    case .member(let base, let name): path(of: base).map { $0 + [name] }
    default: nil
    }
  }

  /// Refs on the way, and a collection at the end.
  private mutating func noteLoads(_ node: ExpressionNode) {
    var current = node
    var isEnd = true
    while case .member(let base, let name) = current.kind {
      if let path = path(of: current) {
        // A ref's id is known without its record.
        if case .record = current.type, !isEnd { loads.append(path) } else if current.isCollection { loads.append(path) }
      }
      isEnd = name == "id" && isEnd
      current = base
    }
  }
}
