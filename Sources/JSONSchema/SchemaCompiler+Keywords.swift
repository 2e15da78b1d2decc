import Base
import JSON

extension SchemaCompiler {
  private static let wordsMax = 200

  func types(_ place: SchemaPlace) -> JSONTypes? {
    guard let node = place.node["type"] else { return nil }
    let at = place.child("type", node)
    let names = node.kind == .array ? node.elements.map(\.stringValue) : [node.stringValue]
    var types: JSONTypes = []
    for name in names {
      guard let name, let known = JSONTypes.named.first(where: { $0.name == name }) else {
        let hint = name.flatMap { Suggestion.question($0, in: JSONTypes.named.map(\.name)) }.map { "; " + $0 } ?? ""
        index.report(at, "type must be one of \(JSONTypes.named.map(\.name).joined(separator: ", ")), or a list of them" + hint)
        return nil
      }
      types.insert(known.type)
    }
    if types.isEmpty { index.report(at, "type names nothing") }
    return types
  }

  func values(_ place: SchemaPlace) -> ValueRule? {
    if let node = place.node["enum"] {
      guard node.kind == .array else {
        index.report(place.child("enum", node), "enum must be a list of values")
        return nil
      }
      let nodes = Array(node.elements)
      let rule = ValueRule(nodes, words: "must be one of " + nodes.map(SchemaCompiler.shown).joined(separator: ", "))
      guard let constant = place.node["const"] else { return rule }
      // Both must hold.
      let both = nodes.filter { CanonicalJSON.text($0) == CanonicalJSON.text(constant) }
      return ValueRule(both, words: "must be " + SchemaCompiler.shown(constant))
    }
    return place.node["const"].map { ValueRule([$0], words: "must be " + SchemaCompiler.shown($0)) }
  }

  /// A value of the schema in a message.
  private static func shown(_ node: JSONNode) -> String { String(decoding: node.rawText.prefix(wordsMax), as: UTF8.self).excerpt }

  func numberRule(_ place: SchemaPlace) -> NumberRule {
    var rule = NumberRule()
    let keywords: [(String, NumberRule.Bound)] = [
      ("minimum", .minimum), ("maximum", .maximum), ("exclusiveMinimum", .exclusiveMinimum), ("exclusiveMaximum", .exclusiveMaximum),
    ]
    for (keyword, bound) in keywords {
      guard let node = place.node[keyword] else { continue }
      guard let number = ExactNumber(node) else {
        index.report(place.child(keyword, node), "\(keyword) must be a number")
        continue
      }
      rule.bounds.append((bound, number, node.int64, SchemaCompiler.shown(node)))
    }
    if let node = place.node["multipleOf"] {
      if let divisor = ExactNumber(node).flatMap(ExactNumber.Divisor.init) {
        rule.multipleOf = (divisor, SchemaCompiler.shown(node))
      } else {
        index.report(place.child("multipleOf", node), "multipleOf must be a number above 0 of at most 18 digits")
      }
    }
    return rule
  }

  func textRule(_ place: SchemaPlace) -> TextRule {
    var rule = TextRule()
    rule.lengthMin = count("minLength", place)
    rule.lengthMax = count("maxLength", place)
    if let node = place.node["pattern"] {
      if let text = node.stringValue {
        rule.pattern = pattern(text, place.child("pattern", node))
      } else {
        index.report(place.child("pattern", node), "pattern must be a string")
      }
    }
    for keyword in ["format", "contentEncoding", "contentMediaType"] {
      guard let node = place.node[keyword], node.kind != .string else { continue }
      index.report(place.child(keyword, node), "\(keyword) must be a string")
    }
    return rule
  }

  func arrayRule(_ place: SchemaPlace) -> ArrayRule {
    var rule = ArrayRule()
    rule.countMin = count("minItems", place)
    rule.countMax = count("maxItems", place)
    if let node = place.node["uniqueItems"] {
      if node.kind != .boolean { index.report(place.child("uniqueItems", node), "uniqueItems must be true or false") }
      rule.isUnique = node.bool == true
    }
    if place.node["prefixItems"] != nil { rule.prefix = list("prefixItems", place) }
    if let node = place.node["items"], node.kind == .array {
      index.report(place.child("items", node), "items is one schema; a schema for each place is prefixItems")
    } else {
      rule.items = schema("items", place)
    }
    rule.contains = schema("contains", place)
    rule.containsMin = count("minContains", place) ?? 1
    rule.containsMax = count("maxContains", place)
    rule.unevaluated = schema("unevaluatedItems", place)
    return rule
  }

  func objectRule(_ place: SchemaPlace) -> ObjectRule {
    var rule = ObjectRule()
    rule.countMin = count("minProperties", place)
    rule.countMax = count("maxProperties", place)
    rule.required = names("required", place.node["required"], place)
    for (entry, at) in map("dependentRequired", place) {
      rule.dependent.append((entry.name, names("dependentRequired", entry.value, at)))
    }
    for (entry, at) in map("dependentSchemas", place) { rule.dependentSchemas.append((entry.name, number(of: at))) }
    for (entry, at) in map("properties", place) {
      rule.properties[Array(entry.key.utf8 ?? [])] = number(of: at)
      rule.names.append(entry.name)
    }
    for (entry, at) in map("patternProperties", place) {
      let schema = number(of: at)
      if let pattern = pattern(entry.name, at) { rule.patterns.append((pattern, schema)) }
    }
    // What nothing refers to is checked all the same.
    for keyword in ["$defs", "definitions"] { for (_, at) in map(keyword, place) { _ = number(of: at) } }
    rule.additional = schema("additionalProperties", place)
    rule.propertyNames = schema("propertyNames", place)
    rule.unevaluated = schema("unevaluatedProperties", place)
    return rule
  }

  private func map(_ keyword: String, _ place: SchemaPlace) -> [(JSONNodeMember, SchemaPlace)] {
    guard let node = place.node[keyword] else { return [] }
    let at = place.child(keyword, node)
    guard node.kind == .object else {
      index.report(at, "\(keyword) must be a mapping")
      return []
    }
    return node.members.map { ($0, at.child($0.name, $0.value)) }
  }

  private func names(_ keyword: String, _ node: JSONNode?, _ place: SchemaPlace) -> [String] {
    guard let node else { return [] }
    let at = keyword == "required" ? place.child(keyword, node) : place
    let names = node.elements.compactMap(\.stringValue)
    guard node.kind == .array, names.count == node.count else {
      index.report(at, "\(keyword) must list names")
      return []
    }
    return names
  }

  private func count(_ keyword: String, _ place: SchemaPlace) -> Int? {
    guard let node = place.node[keyword] else { return nil }
    guard let value = node.integralValue, value >= 0 else {
      index.report(place.child(keyword, node), "\(keyword) must be a whole number, not below 0")
      return nil
    }
    return Int(clamping: value)
  }
}
