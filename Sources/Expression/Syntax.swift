/// A parsed expression, not yet typed.
final class Syntax: Sendable {
  indirect enum Kind: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case name(String)
    case member(Syntax, String)
    case index(Syntax, Syntax)
    /// `f(a)` without a target, `x.f(a)` with one.
    case call(target: Syntax?, name: String, arguments: [Syntax])
    case list([Syntax])
    case not(Syntax)
    case negate(Syntax)
    case and([Syntax])
    case or([Syntax])
    case binary(ExpressionNode.Operator, Syntax, Syntax)
    case conditional(Syntax, Syntax, Syntax)
  }

  let kind: Kind
  /// UTF-8 bytes from the start of the source: of the operator for binary ones, else of the first token.
  let offset: Int
  let depth: Int

  init(_ kind: Kind, at offset: Int, depth: Int) {
    self.kind = kind
    self.offset = offset
    self.depth = depth
  }
}
