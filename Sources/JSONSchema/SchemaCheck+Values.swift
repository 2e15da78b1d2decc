import Base
import JSON
import Pattern

/// What is asked of the value itself.
extension SchemaCheck {
  /// Bytes that are looked at in one step.
  private static let bytesPerStep = 32

  mutating func isValue(_ rule: SchemaRule, _ node: JSONNode) -> Bool {
    guard spend(node.kind == .array || node.kind == .object ? 0 : node.rawText.count / SchemaCheck.bytesPerStep) else { return false }
    var isValid = true
    if let values = rule.values {
      guard spend(node.rawText.count / SchemaCheck.bytesPerStep) else { return false }
      if !values.texts.contains(CanonicalJSON.text(node)) {
        tell("enum", values.words)
        isValid = false
      }
    }
    switch node.kind {
    case .integer, .number: if let rule = rule.number, !isNumber(rule, node) { isValid = false }
    case .string: if let rule = rule.text, !isText(rule, node) { isValid = false }
    default: break
    }
    return isValid
  }

  private mutating func isNumber(_ rule: NumberRule, _ node: JSONNode) -> Bool {
    var isValid = true
    let value = ExactNumber(text: node.rawText)
    for (bound, number, whole, text) in rule.bounds {
      let order: (isBelow: Bool, isAbove: Bool)
      if let a = node.int64, let b = whole { order = (a < b, a > b) } else { order = (value < number, number < value) }
      let (isKept, words): (Bool, String) =
        switch bound {
        case .minimum: (!order.isBelow, "at least")
        case .maximum: (!order.isAbove, "at most")
        case .exclusiveMinimum: (order.isAbove, "above")
        case .exclusiveMaximum: (order.isBelow, "below")
        }
      guard !isKept else { continue }
      tell("range", "must be \(words) \(text)")
      isValid = false
    }
    if let (divisor, text) = rule.multipleOf, !value.isMultiple(of: divisor) {
      tell("range", "must be a multiple of \(text)")
      isValid = false
    }
    return isValid
  }

  private mutating func isText(_ rule: TextRule, _ node: JSONNode) -> Bool {
    guard let text = node.utf8 else { return true }
    var isValid = true
    if rule.lengthMin != nil || rule.lengthMax != nil {
      let count = text.reduce(0) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 }
      if !isCount(count, rule.lengthMin, rule.lengthMax, of: "characters") { isValid = false }
    }
    if let pattern = rule.pattern, !pattern.matches(anywhereIn: String(decoding: text, as: UTF8.self)) {
      tell("pattern", "must match \(pattern.source.shortened)")
      isValid = false
    }
    return isValid
  }

  mutating func isCount(_ count: Int, _ low: Int?, _ high: Int?, of unit: String) -> Bool {
    if let low, count < low {
      tell("length", "must have at least \(low) \(unit)")
      return false
    }
    if let high, count > high {
      tell("length", "must have at most \(high) \(unit)")
      return false
    }
    return true
  }

  // MARK: What holds for the same value

  mutating func check(_ rule: InPlaceRule, _ node: JSONNode, _ sight: Sight, _ outcome: inout Outcome) {
    if let target = rule.reference { join(referred(target, node, sight), &outcome) }
    if let (fallback, anchor) = rule.dynamic {
      join(referred(anchor.flatMap { meaning(of: $0, in: sight.scope) } ?? fallback, node, sight), &outcome)
    }
    for schema in rule.allOf { join(self.outcome(schema, node, sight), &outcome) }
    if !rule.anyOf.isEmpty { checkAny(rule.anyOf, node, sight, &outcome) }
    if !rule.oneOf.isEmpty { checkOne(rule.oneOf, node, sight, &outcome) }
    if let refused = rule.not, quietly({ $0.outcome(refused, node, Sight(scope: sight.scope, wants: false)).isValid }) {
      tell("schema", "is what it must not be")
      outcome.isValid = false
    }
    guard let condition = rule.condition else { return }
    let asked = quietly { $0.outcome(condition, node, sight) }
    if asked.isValid { join(asked, &outcome) }
    if let next = asked.isValid ? rule.consequence : rule.alternative { join(self.outcome(next, node, sight), &outcome) }
  }

  mutating func join(_ part: Outcome, _ outcome: inout Outcome) {
    guard part.isValid else {
      outcome.isValid = false
      return
    }
    if spend(part.evaluated.count) { outcome.evaluated.merge(part.evaluated) }
  }

  private mutating func checkAny(_ schemas: [Int], _ node: JSONNode, _ sight: Sight, _ outcome: inout Outcome) {
    var found = false
    for schema in schemas where !found || sight.wants {
      let part = quietly { $0.outcome(schema, node, sight) }
      guard part.isValid else { continue }
      found = true
      join(part, &outcome)
    }
    if !found { refuseAll(schemas, node, sight, &outcome) }
  }

  private mutating func checkOne(_ schemas: [Int], _ node: JSONNode, _ sight: Sight, _ outcome: inout Outcome) {
    var valid: [Outcome] = []
    for schema in schemas where valid.count < 2 {
      let part = quietly { $0.outcome(schema, node, sight) }
      if part.isValid { valid.append(part) }
    }
    switch valid.count {
    case 0: refuseAll(schemas, node, sight, &outcome)
    case 1: join(valid[0], &outcome)
    default:
      tell("schema", "fits more than one of \(schemas.count) alternatives, and must fit one")
      outcome.isValid = false
    }
  }

  /// None of the alternatives holds. Where only one of them takes a value of this type, it is the one that was meant.
  private mutating func refuseAll(_ schemas: [Int], _ node: JSONNode, _ sight: Sight, _ outcome: inout Outcome) {
    outcome.isValid = false
    guard isTold else { return }
    let types = JSONTypes(of: node)
    let near = schemas.filter { !(self.types(of: $0)?.isDisjoint(with: types) ?? false) }
    if near.count == 1 {
      let before = violations.count
      _ = self.outcome(near[0], node, sight)
      if violations.count > before { return }
    }
    tell("schema", "fits none of \(schemas.count) alternatives")
  }

  /// The types that a schema takes, where it says so itself or by one reference.
  private func types(of number: Int) -> JSONTypes? {
    let rule = schema.rules[number]
    if rule.isFalse { return [] }
    return rule.types ?? rule.inPlace?.reference.flatMap { schema.rules[$0].types }
  }
}
