extension ExpressionNode {
  /// Every member of a record that it reads, with the record's resource; those on the way as well.
  package var namedMembers: [(resource: String, name: String)] {
    var result: [(String, String)] = []
    visit { node in
      guard case .member(let base, let name) = node.kind, case .record(let resource) = base.type else { return }
      if !result.contains(where: { $0 == resource && $1 == name }) { result.append((resource, name)) }
    }
    return result
  }

  /// The paths of amounts of money that it reads: `[total, amount]`.
  package var amountPaths: [[String]] {
    var result: [[String]] = []
    visit { node in
      guard case .member(let base, "amount") = node.kind, base.type == .money, let path = node.fieldPath else { return }
      result.append(path)
    }
    return result
  }

  /// Whether it only holds where the field has one value, known beforehand.
  package func pins(_ path: [String]) -> Bool {
    conjuncts.contains { conjunct in
      guard case .binary(.equal, let a, let b) = conjunct.kind else { return false }
      return a.fieldPath == path && b.isKnown || b.fieldPath == path && a.isKnown
    }
  }

  /// `field < value` and the like, either way round, where the value is known beforehand.
  package var boundedPath: [String]? {
    guard case .binary(let operation, let a, let b) = kind else { return nil }
    switch operation {
    case .less, .lessOrEqual, .greater, .greaterOrEqual: break
    default: return nil
    }
    if b.isKnown, let path = a.fieldPath { return path }
    if a.isKnown, let path = b.fieldPath { return path }
    return nil
  }

  /// Whether a calculation stands in it, which may leave the range of its type.
  package var calculates: Bool {
    var found = false
    visit { node in
      switch node.kind {
      case .negate, .binary(.add, _, _), .binary(.subtract, _, _), .binary(.multiply, _, _), .binary(.divide, _, _),
        .binary(.remainder, _, _):
        found = true
      default: break
      }
    }
    return found
  }

  /// As `CheckedExpression.check` bounds how deep it is.
  private func visit(_ look: (ExpressionNode) -> Void) {
    look(self)
    for child in kind.children { child.visit(look) }
  }
}
