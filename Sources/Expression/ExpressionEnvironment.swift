package import Base

/// What the checker needs to know of the resources.
package protocol ExpressionSchema: Sendable {
  /// A member of a resource's record: a field, `id`, `created_at`, a collection ... Nil where there is none, or none that
  /// whoever wrote the expression may know of.
  func member(_ name: String, of resource: String) -> ExpressionMember?
  /// For suggestions.
  func memberNames(of resource: String) -> [String]
  /// The type of a resource's id.
  func keyType(of resource: String) -> ExpressionType
}

extension ExpressionSchema {
  package func keyType(of resource: String) -> ExpressionType { .uuid }
}

/// One member of a record, or one name of the environment.
package struct ExpressionMember: Sendable, Equatable {
  /// A ref is `.record(target)`, a collection `.list(.record(target))`, an enum `.string`, `json` `.dynamic`.
  package var type: ExpressionType
  package var isNullable: Bool
  /// The values of an enum.
  package var enumeration: [String]?
  /// True for a collection (`many`): its elements are rows of another table.
  package var isCollection: Bool
  /// Of a decimal: what bounds it, so that calculations with it can be proven to fit.
  package var precision: DecimalPrecision?
  /// The spelling that a text, or a list's texts, are kept in.
  package var canonical: CanonicalText?

  package init(
    _ type: ExpressionType, isNullable: Bool, enumeration: [String]? = nil, isCollection: Bool = false,
    precision: DecimalPrecision? = nil, canonical: CanonicalText? = nil
  ) {
    self.type = type
    self.isNullable = isNullable
    self.enumeration = enumeration
    self.isCollection = isCollection
    self.precision = precision
    self.canonical = canonical
  }
}

/// A schema without resources.
package struct EmptyExpressionSchema: ExpressionSchema {
  package init() {}
  package func member(_ name: String, of resource: String) -> ExpressionMember? { nil }
  package func memberNames(of resource: String) -> [String] { [] }
}

/// What an expression may name.
package struct ExpressionEnvironment: Sendable {
  package var schema: any ExpressionSchema
  /// The resource of `record`; nil where there is no record.
  package var record: String?
  /// The resource of `input`.
  package var input: String?
  /// The record's fields are the top-level names, and `record` is not one (`filter=`).
  package var fieldsAtTop = false
  package var hasCaller = false
  package var hasRequest = false
  package var hasNow = false
  /// A JSON value of any form.
  package var hasEvent = false
  /// Declared roles: another literal in `caller.has_role` is an error. Nil: any role goes.
  package var roles: [String]?
  /// `caller.NAME`.
  package var claims: [String: ExpressionMember] = [:]
  package var tenantType = ExpressionType.string
  /// `params.NAME`.
  package var parameters: [String: ExpressionMember]?
  /// Further top-level names.
  package var names: [String: ExpressionMember] = [:]
  /// Makes patterns for `matches`; nil where there are none.
  package var patterns: (any PatternCompiler)?
  package var limits = ExpressionLimits()

  package init(schema: any ExpressionSchema = EmptyExpressionSchema()) { self.schema = schema }
}

/// Makes a matcher of a regular expression in RE2 syntax.
package protocol PatternCompiler: Sendable {
  /// Throws a message about the pattern.
  func compile(_ pattern: String) throws(PatternFailure) -> any PatternMatcher
}

/// A compiled regular expression. Matching takes time linear in the text.
package protocol PatternMatcher: Sendable {
  /// Whether some part of the text matches (an unanchored search, as CEL's `matches`).
  func matches(_ text: String) -> Bool
}

/// Why a pattern was refused.
package struct PatternFailure: Error, Sendable {
  package var message: String
  package init(_ message: String) { self.message = message }
}
