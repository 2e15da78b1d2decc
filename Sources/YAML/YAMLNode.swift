/// A place in a YAML text.
package struct YAMLMark: Sendable, Hashable {
  /// From 1.
  package var line: Int
  /// From 1, counted in Unicode scalars.
  package var column: Int
  /// Which text: the number its reader was given.
  package var source: Int

  package init(line: Int, column: Int, source: Int = 0) {
    self.line = line
    self.column = column
    self.source = source
  }
}

/// One value of a YAML text, resolved by the core schema (YAML 1.2.2, section 10.3), with its place.
package struct YAMLNode: Sendable {
  package enum Content: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case sequence([YAMLNode])
    case mapping([YAMLMember])
  }

  /// How a scalar is written; collections are `plain`.
  package enum Style: Sendable {
    case plain, singleQuoted, doubleQuoted, literal, folded
  }

  package var content: Content
  /// A scalar's value as text, whatever it resolved to; empty for collections.
  package var text: String
  package var style: Style
  package var mark: YAMLMark
  /// The nodes it is made of, itself included; aliases count in full.
  package var size: Int
  /// Levels of collections, 0 for a scalar.
  package var depth: Int
  /// A value that came, in whole or in part, from outside the text: it may be read as a string or by its resolution.
  package var isSubstituted = false

  package init(_ content: Content, text: String = "", style: Style = .plain, mark: YAMLMark, size: Int = 1, depth: Int = 0) {
    self.content = content
    self.text = text
    self.style = style
    self.mark = mark
    self.size = size
    self.depth = depth
  }

  package var isScalar: Bool {
    switch content {
    case .sequence, .mapping: false
    default: true
    }
  }

  /// The members of a mapping, in order; empty for anything else.
  package var members: [YAMLMember] { if case .mapping(let members) = content { members } else { [] } }
  /// The items of a sequence; empty for anything else.
  package var items: [YAMLNode] { if case .sequence(let items) = content { items } else { [] } }

  /// A mapping's value under a key.
  package subscript(key: String) -> YAMLNode? { members.first { $0.key.text == key }?.value }

  /// What it is, in words: for messages.
  package var kind: String {
    switch content {
    case .null: "nothing"
    case .boolean: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

extension YAMLNode: Equatable {
  /// Equal values, wherever they stand.
  package static func == (a: YAMLNode, b: YAMLNode) -> Bool { a.content == b.content }
}

/// `key: value` of a mapping. Keys are scalars; `key.text` is the name.
package struct YAMLMember: Sendable, Equatable {
  package var key: YAMLNode
  package var value: YAMLNode

  package init(key: YAMLNode, value: YAMLNode) {
    self.key = key
    self.value = value
  }
}

/// What is wrong with a YAML text, and where.
package struct YAMLError: Error, Sendable, Equatable {
  package enum Kind: Sendable {
    /// Not YAML, or outside of what is read here.
    case syntax
    case duplicateKey
    /// A bound: size, depth, nodes.
    case limit
  }
  package var kind: Kind
  package var message: String
  package var mark: YAMLMark

  package init(_ kind: Kind, _ message: String, at mark: YAMLMark) {
    self.kind = kind
    self.message = message
    self.mark = mark
  }
}

/// Bounds on what is read; past them it is an error, never a slow answer.
package struct YAMLLimits: Sendable {
  package var bytesMax = 4 << 20
  package var depthMax = 64
  /// Nodes of the tree with every alias expanded.
  package var nodesMax = 200_000
  package var errorsMax = 100

  package init() {}
}
