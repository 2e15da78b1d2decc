import Base
import JSON
import Pattern

/// Objects and arrays.
extension SchemaCheck {
  mutating func check(_ rule: ObjectRule, object node: JSONNode, _ sight: Sight, _ outcome: inout Outcome) {
    if !isCount(node.count, rule.countMin, rule.countMax, of: "members") { outcome.isValid = false }
    checkPresence(rule, node, sight, &outcome)
    guard
      !rule.properties.isEmpty || !rule.patterns.isEmpty || rule.additional != nil || rule.propertyNames != nil || rule.unevaluated != nil
    else { return }
    for member in node.members {
      guard spend(1) else { return }
      if check(rule, member, sight, &outcome), sight.wants { outcome.evaluated.members.insert(member.value.offset) }
    }
    guard let unevaluated = rule.unevaluated, !outcome.evaluated.allMembers else { return }
    for member in node.members where !outcome.evaluated.members.contains(member.value.offset) {
      if !isKept(unevaluated, member, rule, sight) { outcome.isValid = false }
    }
    outcome.evaluated.allMembers = true
  }

  /// - Returns: whether some keyword but `unevaluatedProperties` looked at the member.
  private mutating func check(_ rule: ObjectRule, _ member: JSONNodeMember, _ sight: Sight, _ outcome: inout Outcome) -> Bool {
    var isKnown = false
    if let schema = rule.properties[Array(member.key.utf8 ?? [])] {
      isKnown = true
      if !child(schema, member: member, scope: sight.scope) { outcome.isValid = false }
    }
    if !rule.patterns.isEmpty {
      let name = member.name
      for (pattern, schema) in rule.patterns where spend(1 + name.utf8.count / 32) && pattern.matches(anywhereIn: name) {
        isKnown = true
        if !child(schema, member: member, scope: sight.scope) { outcome.isValid = false }
      }
    }
    if !isKnown, let additional = rule.additional {
      isKnown = true
      if !isKept(additional, member, rule, sight) { outcome.isValid = false }
    }
    if let names = rule.propertyNames, !quietly({ $0.outcome(names, member.key, Sight(scope: sight.scope, wants: false)).isValid }) {
      tell("schema", "has a name that is not allowed", member: member.name)
      outcome.isValid = false
    }
    return isKnown
  }

  /// A member that the schema does not name.
  private mutating func isKept(_ schema: Int, _ member: JSONNodeMember, _ rule: ObjectRule, _ sight: Sight) -> Bool {
    guard self.schema.rules[schema].isFalse else { return child(schema, member: member, scope: sight.scope) }
    // A suggestion costs a search: only for those that are told.
    tell("unknown_field", Suggestion.question(member.name, in: rule.names) ?? "is not one of its members", member: member.name)
    return false
  }

  private mutating func checkPresence(_ rule: ObjectRule, _ node: JSONNode, _ sight: Sight, _ outcome: inout Outcome) {
    guard !rule.required.isEmpty || !rule.dependent.isEmpty || !rule.dependentSchemas.isEmpty else { return }
    guard spend(node.count + rule.required.count) else { return }
    var names: Set<[UInt8]> = []
    for member in node.members { names.insert(Array(member.key.utf8 ?? [])) }
    func has(_ name: String) -> Bool { names.contains(Array(name.utf8)) }
    for name in rule.required where !has(name) {
      tell("required", "is required", member: name)
      outcome.isValid = false
    }
    for (present, required) in rule.dependent where has(present) {
      guard spend(required.count) else { return }
      for name in required where !has(name) {
        tell("required", "is required where \(present.shortened) stands", member: name)
        outcome.isValid = false
      }
    }
    for (name, schema) in rule.dependentSchemas where has(name) { join(self.outcome(schema, node, sight), &outcome) }
  }

  mutating func check(_ rule: ArrayRule, array node: JSONNode, _ sight: Sight, _ outcome: inout Outcome) {
    if !isCount(node.count, rule.countMin, rule.countMax, of: "items") { outcome.isValid = false }
    var seen: Set<[UInt8]> = []
    var matching = 0
    for (place, item) in node.elements.enumerated() {
      guard spend(1) else { return }
      if let schema = place < rule.prefix.count ? rule.prefix[place] : rule.items, !child(schema, item, place: place, scope: sight.scope) {
        outcome.isValid = false
      }
      if let contains = rule.contains, quietly({ $0.outcome(contains, item, Sight(scope: sight.scope, wants: false)).isValid }) {
        matching += 1
        if sight.wants { outcome.evaluated.items.insert(place) }
      }
      if rule.isUnique, spend(item.rawText.count / 32), !seen.insert(CanonicalJSON.text(item)).inserted {
        tell("schema", "must not hold the same item twice: see item \(place)")
        outcome.isValid = false
      }
    }
    if rule.contains != nil {
      if matching < rule.containsMin {
        tell("schema", "must hold at least \(rule.containsMin) items of a kind, and holds \(matching)")
        outcome.isValid = false
      }
      if let most = rule.containsMax, matching > most {
        tell("schema", "must hold at most \(most) items of a kind, and holds \(matching)")
        outcome.isValid = false
      }
    }
    outcome.evaluated.itemsFromFirst = max(outcome.evaluated.itemsFromFirst, rule.prefix.count)
    if rule.items != nil { outcome.evaluated.allItems = true }
    checkUnevaluated(rule, node, sight, &outcome)
  }

  private mutating func checkUnevaluated(_ rule: ArrayRule, _ node: JSONNode, _ sight: Sight, _ outcome: inout Outcome) {
    guard let unevaluated = rule.unevaluated, !outcome.evaluated.allItems else { return }
    for (place, item) in node.elements.enumerated()
    where place >= outcome.evaluated.itemsFromFirst && !outcome.evaluated.items.contains(place) {
      if !child(unevaluated, item, place: place, scope: sight.scope) { outcome.isValid = false }
    }
    outcome.evaluated.allItems = true
  }
}
