import Base

extension CheckedExpression {
  /// Whether it names `input`.
  package var namesInput: Bool { root.names { if case .input = $0 { true } else { false } } }

  /// What it asks of `record` whatever `input` may be: true of every record for which some input fulfils the expression.
  /// Each condition that names `input` counts as it would have to come out. It names `record` alone.
  package var ofRecordAlone: CheckedExpression {
    CheckedExpression(source: source, type: type, root: root.mayBe(true))
  }
}

/// The two rows that a rule of a change names.
package enum RowName: String, Sendable {
  case record, input

  fileprivate func isMeant(by node: ExpressionNode) -> Bool {
    switch node.kind {
    case .record: self == .record
    case .input: self == .input
    default: false
    }
  }
}

extension CheckedExpression {
  /// The members it reads of one of the rows, each once, with their first place; paths of one name.
  ///
  /// - Parameter comparedWithCaller: only those that it compares with what it knows of the caller.
  package func members(of row: RowName, comparedWithCaller: Bool) -> [PathUse] {
    var uses: [PathUse] = []
    func visit(_ node: ExpressionNode, _ isWanted: Bool) {
      if isWanted, case .member(let base, let name) = node.kind, row.isMeant(by: base), !uses.contains(where: { $0.path == [name] }) {
        uses.append(PathUse(path: [name], offset: base.offset))
      }
      var isWanted = isWanted
      if case .binary = node.kind, node.names({ if case .caller = $0 { true } else { false } }) { isWanted = true }
      for child in node.kind.children { visit(child, isWanted) }
    }
    visit(root, !comparedWithCaller)
    return uses
  }
}

extension ExpressionNode {
  func names(_ isWanted: (Kind) -> Bool) -> Bool {
    isWanted(kind) || kind.children.contains { $0.names(isWanted) }
  }

  private var namesInput: Bool { names { if case .input = $0 { true } else { false } } }

  /// True of every record for which the node can be `wanted` under some input.
  fileprivate func mayBe(_ wanted: Bool) -> ExpressionNode {
    guard namesInput else { return wanted ? self : negated }
    switch kind {
    case .and(let parts) where wanted: return replacing(.and(parts.map { $0.mayBe(true) }))
    case .and(let parts): return replacing(.or(parts.map { $0.mayBe(false) }))
    case .or(let parts) where wanted: return replacing(.or(parts.map { $0.mayBe(true) }))
    case .or(let parts): return replacing(.and(parts.map { $0.mayBe(false) }))
    case .not(let operand): return operand.mayBe(!wanted)
    case .conditional(let test, let a, let b):
      let then = ExpressionNode(.and([test.mayBe(true), a.mayBe(wanted)]), .boolean, at: offset)
      let otherwise = ExpressionNode(.and([test.mayBe(false), b.mayBe(wanted)]), .boolean, at: offset)
      return ExpressionNode(.or([then, otherwise]), .boolean, at: offset)
    default: return ExpressionNode(.literal(.boolean(true)), .boolean, at: offset)
    }
  }

  private var negated: ExpressionNode { ExpressionNode(.not(self), .boolean, isNullable: isNullable, at: offset) }
}
