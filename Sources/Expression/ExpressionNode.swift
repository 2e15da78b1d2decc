package import Base

/// A typed expression: one operand or operation.
package final class ExpressionNode: Sendable {
  package enum Operator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in`
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
  }

  package enum Function: String, Sendable {
    case size, startsWith, endsWith, contains, timestamp, date, duration, decimal
    /// A text, or each of a list of them, in the spelling that such fields keep. The checker puts them in; they have no name.
    case email = "email spelling"
    case url = "url spelling"
  }

  package enum Macro: String, Sendable {
    case all, exists
    case existsOne = "exists_one"
  }

  package enum CallerMember: Sendable, Equatable {
    case id, subject, issuer, roles, scopes, tenant, authenticated
    case claim(String)
  }

  package enum RequestMember: String, Sendable, CaseIterable {
    case ip, time, method
  }

  package indirect enum Kind: Sendable {
    case literal(Value)
    case record
    case input
    case caller(CallerMember)
    case hasRole(ExpressionNode)
    case request(RequestMember)
    case now
    case parameter(String)
    case event
    case name(String)
    /// The variable of the macro at that depth, 0 outermost.
    case variable(Int)
    case member(ExpressionNode, String)
    case index(ExpressionNode, ExpressionNode)
    case has(ExpressionNode)
    case not(ExpressionNode)
    case negate(ExpressionNode)
    case and([ExpressionNode])
    case or([ExpressionNode])
    case conditional(ExpressionNode, ExpressionNode, ExpressionNode)
    case binary(Operator, ExpressionNode, ExpressionNode)
    case call(Function, [ExpressionNode])
    case matches(ExpressionNode, any PatternMatcher)
    case list([ExpressionNode])
    case macro(Macro, over: ExpressionNode, level: Int, ExpressionNode)
    /// In a plan: a part that is evaluated before the rest. The number is its place.
    case known(Int)
    /// In a residual: the value at that place of what folding found.
    case slot(Int)
    /// In a residual: an error.
    case failure
  }

  package let kind: Kind
  package let type: ExpressionType
  /// Whether it may be null.
  package let isNullable: Bool
  /// The values of an enum.
  package let enumeration: [String]?
  /// A collection: rows of another table.
  package let isCollection: Bool
  /// Of a decimal member.
  package let precision: DecimalPrecision?
  /// The spelling that a text, or a list's texts, are kept in.
  package let canonical: CanonicalText?
  /// UTF-8 bytes from the start of the source.
  package let offset: Int
  /// Whether it stands on `record` or `input`.
  package let usesRow: Bool
  /// Variables of enclosing macros it stands on, a bit for each level.
  package let freeVariables: UInt64

  /// Whether it is the same for every row.
  package var isKnown: Bool { !usesRow && freeVariables == 0 }

  package init(
    _ kind: Kind, _ type: ExpressionType, isNullable: Bool = false, enumeration: [String]? = nil, isCollection: Bool = false,
    precision: DecimalPrecision? = nil, canonical: CanonicalText? = nil, at offset: Int
  ) {
    self.kind = kind
    self.type = type
    self.isNullable = isNullable
    self.enumeration = enumeration
    self.isCollection = isCollection
    self.precision = precision
    self.canonical = canonical
    self.offset = offset
    var usesRow = false
    var variables: UInt64 = 0
    switch kind {
    case .record, .input: usesRow = true
    case .variable(let level): variables = 1 << UInt64(clamping: level)
    default:
      for child in kind.children {
        usesRow = usesRow || child.usesRow
        variables |= child.freeVariables
      }
      if case .macro(_, _, let level, _) = kind { variables &= ~(1 << UInt64(clamping: level)) }
    }
    self.usesRow = usesRow
    freeVariables = variables
  }

  /// The same node with another kind, for rewriting.
  package func replacing(_ kind: Kind) -> ExpressionNode {
    ExpressionNode(
      kind, type, isNullable: isNullable, enumeration: enumeration, isCollection: isCollection, precision: precision,
      canonical: canonical, at: offset)
  }
}

extension ExpressionNode.Kind {
  /// The operands, in order.
  package var children: [ExpressionNode] {
    switch self {
    case .literal, .record, .input, .caller, .request, .now, .parameter, .event, .name, .variable, .known, .slot, .failure: []
    case .hasRole(let a), .member(let a, _), .has(let a), .not(let a), .negate(let a), .matches(let a, _): [a]
    case .index(let a, let b), .binary(_, let a, let b), .macro(_, over: let a, level: _, let b): [a, b]
    case .conditional(let a, let b, let c): [a, b, c]
    case .and(let parts), .or(let parts), .call(_, let parts), .list(let parts): parts
    }
  }
}
