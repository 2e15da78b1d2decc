import Base

extension Checker {
  /// Two operands, each in the one spelling that the other's field keeps.
  func spelledAlike(_ a: ExpressionNode, _ b: ExpressionNode) -> (ExpressionNode, ExpressionNode) {
    guard let canonical = a.canonical ?? b.canonical else { return (a, b) }
    return (spelled(a, canonical), spelled(b, canonical))
  }

  /// What a value and the elements it is looked for among are spelled in. A value that is compared with fields of several
  /// spellings is compared as it is written.
  func spelling(of value: ExpressionNode, among items: [ExpressionNode]) -> CanonicalText? {
    if let canonical = value.canonical { return canonical }
    let spellings = Set(items.filter { !$0.isKnown }.map(\.canonical))
    return spellings.count == 1 ? spellings.first ?? nil : nil
  }

  /// The node in that spelling, where it does not stand on the row: what is stored is compared as it is.
  func spelled(_ node: ExpressionNode, _ canonical: CanonicalText) -> ExpressionNode {
    if node.canonical == canonical { return node }
    switch node.kind {
    case .literal(let value): return node.replacing(.literal(canonical.canonical(value)))
    case .list(let items): return node.replacing(.list(items.map { spelled($0, canonical) }))
    case .conditional(let test, let a, let b):
      return node.replacing(.conditional(test, spelled(a, canonical), spelled(b, canonical)))
    default:
      switch node.type {
      case .string, .dynamic, .list(.string), .list(.dynamic):
        return node.isKnown ? node.replacing(.call(canonical == .email ? .email : .url, [node])) : node
      default: return node
      }
    }
  }
}
