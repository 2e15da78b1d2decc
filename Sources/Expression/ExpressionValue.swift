package import Base

/// What an expression, or a part of one, comes to.
package enum ExpressionValue: Sendable {
  case scalar(Value)
  /// A record; where a plain value is asked for it stands for its id. Also any JSON object.
  case record(any ExpressionRecord)
  case list([ExpressionValue])

  package static let null = ExpressionValue.scalar(.null)

  package var isNull: Bool { if case .scalar(.null) = self { true } else { false } }

  /// The plain value: a record's id, a list's elements.
  package var value: Value {
    switch self {
    case .scalar(let value): value
    case .record(let record): record.id
    case .list(let items): .list(items.map(\.value))
    }
  }

  /// The elements of a list; nil for anything else.
  var elements: [ExpressionValue]? {
    switch self {
    case .list(let items): items
    case .scalar(.list(let values)): values.map(ExpressionValue.scalar)
    default: nil
    }
  }
}

/// A record whose members are looked up when an expression asks for them.
package protocol ExpressionRecord: AnyObject, Sendable {
  var id: Value { get }
  /// A member's value: a scalar, a related record (or its bare id, where no member of it is asked for), a list of records
  /// for a collection. Nil: there is none, or it was not loaded; that is an error.
  func member(_ name: String) -> ExpressionValue?
}

/// What names stand for while an expression is evaluated. Nil is an error where the name is used.
package protocol ExpressionBindings {
  /// A caller without a token has `authenticated`, `roles` and `scopes`; the rest is nil.
  func caller(_ member: ExpressionNode.CallerMember) -> Value?
  func hasRole(_ role: String) -> Bool
  func request(_ member: ExpressionNode.RequestMember) -> Value?
  func parameter(_ name: String) -> Value?
  func named(_ name: String) -> ExpressionValue?
  var now: Timestamp? { get }
  var record: (any ExpressionRecord)? { get }
  var input: (any ExpressionRecord)? { get }
  var event: ExpressionValue? { get }
}

extension ExpressionBindings {
  package func caller(_ member: ExpressionNode.CallerMember) -> Value? { nil }
  package func hasRole(_ role: String) -> Bool { false }
  package func request(_ member: ExpressionNode.RequestMember) -> Value? { nil }
  package func parameter(_ name: String) -> Value? { nil }
  package func named(_ name: String) -> ExpressionValue? { nil }
  package var now: Timestamp? { nil }
  package var record: (any ExpressionRecord)? { nil }
  package var input: (any ExpressionRecord)? { nil }
  package var event: ExpressionValue? { nil }
}

/// Bindings without a name.
package struct NoBindings: ExpressionBindings {
  package init() {}
}
