import YAML

/// Reading values where the grammar has been checked: what is not of the kind is nil, and was reported before.
extension YAMLNode {
  var string: String? {
    if case .string(let text) = content { return text }
    return isSubstituted && isScalar ? text : nil
  }

  var boolean: Bool? {
    if case .boolean(let value) = content { return value }
    guard isSubstituted, case .boolean(let value) = YAMLNode.resolve(text) else { return nil }
    return value
  }

  var integer: Int64? {
    if case .integer(let value) = content { return value }
    guard isSubstituted, case .integer(let value) = YAMLNode.resolve(text) else { return nil }
    return value
  }

  /// An integer or a number.
  var number: Double? {
    switch isSubstituted ? YAMLNode.resolve(text) : content {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  /// A scalar's text as it is read by forms that may look like numbers: `length: 32`.
  var scalarText: String? { isScalar && content != .null ? text : nil }

  var isNull: Bool { content == .null }

  /// The items of a list, or the one value itself.
  var oneOrMany: [YAMLNode] { if case .sequence(let items) = content { items } else { [self] } }

  var grammarKind: NodeGrammar.Kind {
    switch content {
    case .sequence: .sequence
    case .mapping: .mapping
    default: .scalar
    }
  }
}
