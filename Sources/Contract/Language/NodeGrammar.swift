/// What may stand at a place of a contract. One table of them drives the check of every key and value, the JSON Schema
/// and the reference, so that the three cannot disagree.
indirect enum NodeGrammar: Sendable {
  case text(TextForm)
  /// One of these words.
  case word([String])
  case integer(ClosedRange<Int64>)
  case number
  case boolean
  /// `anyone`, `authenticated`, `nobody`, a list of roles, or an expression.
  case access
  /// Anything: a later step looks at it (`default`, a JSON Schema).
  case any
  case list(NodeGrammar, count: ClosedRange<Int> = 0...1000)
  /// One, or a list of them.
  case oneOrMany(NodeGrammar)
  /// Names and what they stand for.
  case map(TextForm, NodeGrammar)
  case object(MappingGrammar)
  /// The first that takes this kind of value.
  case choice([NodeGrammar])

  /// Whether a value of this kind may be of the grammar at all.
  func takes(_ kind: Kind) -> Bool {
    switch self {
    case .any: true
    case .text, .word, .integer, .number, .boolean: kind == .scalar
    case .access: kind == .scalar || kind == .sequence
    case .list: kind == .sequence
    case .oneOrMany(let grammar): kind == .sequence || grammar.takes(kind)
    case .map, .object: kind == .mapping
    case .choice(let grammars): grammars.contains { $0.takes(kind) }
    }
  }

  enum Kind: Sendable {
    case scalar, sequence, mapping
  }

  /// In words, for messages.
  var description: String {
    switch self {
    case .text(let form): form.description
    case .word(let words): words.count == 1 ? "\"\(words[0])\"" : "one of \(words.joined(separator: ", "))"
    case .integer: "an integer"
    case .number: "a number"
    case .boolean: "true or false"
    case .access: "anyone, authenticated, nobody, a list of roles or an expression"
    case .any: "a value"
    case .list(let grammar, _): "a list (\(grammar.description))"
    case .oneOrMany(let grammar): "\(grammar.description), or a list of them"
    case .map, .object: "a mapping"
    case .choice(let grammars): grammars.map(\.description).joined(separator: " or ")
    }
  }
}

/// A mapping with known keys.
struct MappingGrammar: Sendable {
  /// Also its name among the JSON Schema's definitions.
  let name: String
  let summary: String
  let keys: [Key]
  /// Keys of which at least one must stand.
  let needsOneOf: [String]

  init(_ name: String, _ summary: String, needsOneOf: [String] = [], _ keys: [Key]) {
    self.name = name
    self.summary = summary
    self.keys = keys
    self.needsOneOf = needsOneOf
  }

  func key(_ name: String) -> Key? { keys.first { $0.name == name } }
}

/// One key of a mapping.
struct Key: Sendable {
  let name: String
  let grammar: NodeGrammar
  let summary: String
  var isRequired = false
  /// The types of a field that take it; empty where all do.
  var types: [String] = []
  /// Another key that must stand beside it.
  var needs: String?
  /// It is valid, but this version does nothing with it; the text says what is not served.
  var later: String?
  /// A literal value is a secret in clear.
  var isSecret = false

  init(
    _ name: String, _ grammar: NodeGrammar, _ summary: String, required: Bool = false, types: [String] = [], needs: String? = nil,
    later: String? = nil, secret: Bool = false
  ) {
    self.name = name
    self.grammar = grammar
    self.summary = summary
    isRequired = required
    self.types = types
    self.needs = needs
    self.later = later
    isSecret = secret
  }
}
