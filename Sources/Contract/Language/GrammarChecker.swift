import Base
import YAML

/// Checks a tree against the tables: kinds, keys, forms and words. What means something only together is checked later.
struct GrammarChecker {
  let findings: Findings

  /// Of a mapping with known keys; more are not looked at.
  static let keysMax = 1000

  /// `path` names the place in messages.
  func check(_ node: YAMLNode, _ grammar: NodeGrammar, path: String) {
    if findings.missing.contains(node.mark) { return }
    guard grammar.takes(node.grammarKind), !node.isNull || isAny(grammar) else {
      let suggestion = node.isNull ? "write a value or remove the key" : nil
      findings.report(
        .wrongKind, "\(path) must be \(grammar.description), not \(node.kind)", at: node.mark, suggestion: suggestion)
      return
    }
    switch grammar {
    case .any: break
    case .text(let form): text(node, form, path)
    case .word(let words): word(node, words, path)
    case .integer(let range): integer(node, range, path)
    case .number: if node.number == nil { wrong(node, grammar, path) }
    case .boolean: if node.boolean == nil { wrong(node, grammar, path) }
    case .access:
      for item in node.items { check(item, .text(.name), path: "a role of \(path)") }
      if node.items.isEmpty, node.grammarKind == .sequence {
        findings.report(.outOfRange, "\(path) is an empty list of roles", at: node.mark, suggestion: "write nobody")
      }
    case .list(let item, let count): list(node, item, count, path)
    case .oneOrMany(let item): for node in node.oneOrMany { check(node, item, path: path) }
    case .map(let form, let value): map(node, form, value, path)
    case .object(let object): self.object(node, object, path)
    case .choice(let grammars): choice(node, grammars, path)
    }
  }

  private func isAny(_ grammar: NodeGrammar) -> Bool { if case .any = grammar { true } else { false } }

  private func wrong(_ node: YAMLNode, _ grammar: NodeGrammar, _ path: String) {
    findings.report(.wrongKind, "\(path) must be \(grammar.description), not \(node.kind)", at: node.mark)
  }

  private func text(_ node: YAMLNode, _ form: TextForm, _ path: String) {
    // Ranges and sizes may look like integers, and an expression may be `true`.
    let text = form.takesOtherScalars ? node.scalarText : node.string
    guard let text else {
      findings.report(
        .wrongKind, "\(path) must be \(form.description), not \(node.kind)", at: node.mark, suggestion: "quote it: \"\(node.text)\"")
      return
    }
    guard let problem = form.problem(text) else { return }
    if form == .name || form == .identifier {
      findings.report(
        .malformedName, "\(path) \"\(text)\" \(problem)", at: node.mark,
        suggestion: Name.snakeCase(of: text).map { "did you mean \"\($0)\"?" })
    } else {
      // A value from the environment may be a secret: it is not repeated.
      let shown = node.isSubstituted ? "the value from the environment" : "\"\(text.excerpt)\""
      findings.report(.malformedValue, "\(path): \(shown) \(problem)", at: node.mark)
    }
  }

  private func word(_ node: YAMLNode, _ words: [String], _ path: String) {
    if let text = node.string, words.contains(text) { return }
    findings.report(
      .unknownWord,
      "\(path) must be \(NodeGrammar.word(words).description), not \(node.isSubstituted ? "what the environment says" : "\"\(node.text)\"")",
      at: node.mark, suggestion: Suggestion.question(node.text, in: words))
  }

  private func integer(_ node: YAMLNode, _ range: ClosedRange<Int64>, _ path: String) {
    guard let value = node.integer else { return wrong(node, .integer(range), path) }
    guard !range.contains(value) else { return }
    findings.report(.outOfRange, "\(path) must be \(range.lowerBound) to \(range.upperBound), not \(value)", at: node.mark)
  }

  private func list(_ node: YAMLNode, _ item: NodeGrammar, _ count: ClosedRange<Int>, _ path: String) {
    if !count.contains(node.items.count) {
      findings.report(
        .outOfRange, "\(path) must have \(count.lowerBound) to \(count.upperBound) items, not \(node.items.count)", at: node.mark)
    }
    for (place, node) in node.items.prefix(count.upperBound).enumerated() { check(node, item, path: "\(path)[\(place)]") }
  }

  private func map(_ node: YAMLNode, _ form: TextForm, _ value: NodeGrammar, _ path: String) {
    for member in node.members {
      let name = member.key.text
      if let problem = form.problem(name) {
        findings.report(
          .malformedName, "\(path): the name \"\(name.excerpt)\" \(problem)", at: member.key.mark,
          suggestion: Name.snakeCase(of: name).map { "did you mean \"\($0)\"?" })
      }
      check(member.value, value, path: "\(path).\(name)")
    }
  }

  private func object(_ node: YAMLNode, _ object: MappingGrammar, _ path: String) {
    if node.members.count > GrammarChecker.keysMax {
      findings.report(.outOfRange, "\(path) has more than \(GrammarChecker.keysMax) keys", at: node.mark)
    }
    for member in node.members.prefix(GrammarChecker.keysMax) {
      let name = member.key.text
      guard let key = object.key(name) else {
        unknown(member, object, path, node)
        continue
      }
      let place = path.isEmpty ? name : "\(path).\(name)"
      check(member.value, key.grammar, path: place)
      if let later = key.later, GrammarChecker.asksForSomething(member.value) {
        findings.report(.notServedYet, "\(place) is accepted; this version does not serve \(later) yet", at: member.key.mark)
      }
    }
    for key in object.keys where key.isRequired && node[key.name] == nil {
      findings.report(.missingKey, "\(path) needs the key \"\(key.name)\"", at: node.mark, suggestion: key.summary)
    }
    for key in object.keys {
      guard let other = key.needs, let value = node[key.name], node[other] == nil else { continue }
      findings.report(.missingKey, "\(path) has \(key.name) and needs the key \"\(other)\"", at: value.mark)
    }
    if !object.needsOneOf.isEmpty, !object.needsOneOf.contains(where: { node[$0] != nil }) {
      let names = object.needsOneOf.map { "\"\($0)\"" }.joined(separator: " or ")
      findings.report(.missingKey, "\(path) needs \(names)", at: node.mark)
    }
  }

  private func unknown(_ member: YAMLMember, _ object: MappingGrammar, _ path: String, _ node: YAMLNode) {
    let name = member.key.text
    var suggestion = Suggestion.question(name, in: object.keys.map(\.name))
    if member.value.isNull, Digits.integer(name) != nil, node["precision"] != nil {
      suggestion = "within braces write precision: \"12,2\", with quotes"
    }
    let place = path.isEmpty ? "a contract has" : "\(path) has"
    findings.report(.unknownKey, "\(place) no key \"\(name.excerpt)\"", at: member.key.mark, suggestion: suggestion)
  }

  private func choice(_ node: YAMLNode, _ grammars: [NodeGrammar], _ path: String) {
    if let grammar = grammars.first(where: { $0.takes(node.grammarKind) }) { check(node, grammar, path: path) }
  }

  /// False for `false` and what is empty: there a later version has nothing to do.
  static func asksForSomething(_ node: YAMLNode) -> Bool {
    switch node.content {
    case .null, .boolean(false): false
    case .sequence(let items): !items.isEmpty
    case .mapping(let members): !members.isEmpty
    default: true
    }
  }
}

extension TextForm {
  /// Forms whose texts may look like another scalar.
  var takesOtherScalars: Bool {
    switch self {
    case .range, .size, .expression: true
    default: false
    }
  }
}
