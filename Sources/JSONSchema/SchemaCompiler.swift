import Base
import JSON
import Pattern

/// Makes rules of schemas. Each place is compiled once, however many references lead to it.
///
/// One compilation, one thread: not `Sendable`.
final class SchemaCompiler {
  static let schemasMax = 10_000
  static let patternsMax = 500

  let index = SchemaIndex()
  private(set) var rules: [SchemaRule] = []
  /// Where each rule stands in the schema.
  private(set) var places: [SchemaPlace] = []
  /// Dynamic anchors that some `$dynamicRef` asks for.
  private(set) var dynamicNames: [String] = []
  private(set) var ignored: [(path: [String], keyword: String)] = []
  /// References of the schema itself: where they stand and where they lead.
  private(set) var references: [(from: SchemaPlace, to: SchemaPlace)] = []
  private var numbers: [SchemaPlace.Key: Int] = [:]
  private var patterns = 0

  /// - Returns: the number of the schema that the document is.
  func compile(_ document: JSONDocument) -> Int {
    let root = index.add(document, base: SchemaIndex.namelessBase)
    let number = self.number(of: root)
    var next = 0
    repeat {
      while next < places.count {
        rules[next] = rule(places[next])
        next += 1
      }
      for resource in index.resources { for name in dynamicNames { _ = resource.dynamicAnchors[name].map { self.number(of: $0) } } }
    } while next < places.count
    reportCycles()
    return number
  }

  /// For each resource the dynamic anchors that it brings into the scope: the anchor's number and its schema.
  func dynamicAnchors() -> [[(anchor: Int, rule: Int)]] {
    index.resources.map { resource in
      dynamicNames.enumerated().compactMap { number, name in resource.dynamicAnchors[name].map { (number, self.number(of: $0)) } }
    }
  }

  /// The rule of a place, to be made later.
  func number(of place: SchemaPlace) -> Int {
    if let known = numbers[place.key] { return known }
    guard rules.count < SchemaCompiler.schemasMax else {
      index.report(place, "more than \(SchemaCompiler.schemasMax) schemas")
      return 0
    }
    numbers[place.key] = rules.count
    rules.append(SchemaRule())
    places.append(place)
    return rules.count - 1
  }

  private func rule(_ place: SchemaPlace) -> SchemaRule {
    var rule = SchemaRule()
    rule.resource = index.owner(of: place) ?? 0
    switch place.node.kind {
    case .boolean: rule.isFalse = place.node.bool == false
    case .object:
      if place.document == 0 { noteIgnored(place) }
      rule.types = types(place)
      rule.values = values(place)
      let (number, text, array) = (numberRule(place), textRule(place), arrayRule(place))
      let (object, inPlace) = (objectRule(place), inPlaceRule(place))
      rule.number = number.isEmpty ? nil : number
      rule.text = text.isEmpty ? nil : text
      rule.array = array.isEmpty ? nil : array
      rule.object = object.isEmpty ? nil : object
      rule.inPlace = inPlace.isEmpty ? nil : inPlace
    default: index.report(place, "a schema is a mapping, or true or false")
    }
    return rule
  }

  private func noteIgnored(_ place: SchemaPlace) {
    for member in place.node.members where !SchemaKeyword.names.contains(member.name) && !member.name.hasPrefix("x-") {
      ignored.append((place.path + [member.name], member.name))
    }
  }

  private func inPlaceRule(_ place: SchemaPlace) -> InPlaceRule {
    var rule = InPlaceRule()
    rule.reference = reference("$ref", place).map { number(of: $0.place) }
    rule.dynamic = reference("$dynamicRef", place).map { target in
      (number(of: target.place), target.dynamicAnchor.map(dynamicNumber))
    }
    rule.allOf = list("allOf", place)
    rule.anyOf = list("anyOf", place)
    rule.oneOf = list("oneOf", place)
    rule.not = schema("not", place)
    rule.condition = schema("if", place)
    let (consequence, alternative) = (schema("then", place), schema("else", place))
    // Without `if` they mean nothing.
    if rule.condition != nil { (rule.consequence, rule.alternative) = (consequence, alternative) }
    return rule
  }

  private func reference(_ keyword: String, _ place: SchemaPlace) -> SchemaIndex.Target? {
    guard let node = place.node[keyword] else { return nil }
    let at = place.child(keyword, node)
    guard let text = node.stringValue else {
      index.report(at, "\(keyword) must be a string")
      return nil
    }
    guard let target = index.target(of: text, from: at, in: index.owner(of: place) ?? 0) else { return nil }
    if place.document == 0, target.place.document == 0 { references.append((at, target.place)) }
    return target
  }

  private func dynamicNumber(_ name: String) -> Int {
    if let known = dynamicNames.firstIndex(of: name) { return known }
    dynamicNames.append(name)
    return dynamicNames.count - 1
  }

  func schema(_ keyword: String, _ place: SchemaPlace) -> Int? {
    place.node[keyword].map { number(of: place.child(keyword, $0)) }
  }

  func list(_ keyword: String, _ place: SchemaPlace) -> [Int] {
    guard let node = place.node[keyword] else { return [] }
    let at = place.child(keyword, node)
    guard node.kind == .array, node.count > 0 else {
      index.report(at, "\(keyword) must be a list of schemas, not empty")
      return []
    }
    return node.elements.enumerated().map { number(of: at.child(String($0.offset), $0.element)) }
  }

  func pattern(_ text: String, _ place: SchemaPlace) -> Pattern? {
    patterns += 1
    guard patterns <= SchemaCompiler.patternsMax else {
      index.report(place, "more than \(SchemaCompiler.patternsMax) patterns")
      return nil
    }
    do throws(PatternError) {
      return try Pattern(SchemaPattern.translated(text))
    } catch {
      index.report(place, "the pattern is not RE2: \(error.message)")
      return nil
    }
  }

  /// A schema that leads back to itself without going into the value would never end.
  private func reportCycles() {
    enum Mark {
      case open, done
    }
    var marks: [Int: Mark] = [:]
    for start in rules.indices where marks[start] == nil {
      var stack: [(rule: Int, children: [Int], next: Int)] = [(start, inPlace(start), 0)]
      marks[start] = .open
      while let top = stack.last {
        guard top.next < top.children.count else {
          marks[top.rule] = .done
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        let child = top.children[top.next]
        switch marks[child] {
        case .open?: index.report(places[top.rule], "refers to itself without going into the value: that would never end")
        case .done?: break
        case nil:
          marks[child] = .open
          stack.append((child, inPlace(child), 0))
        }
      }
    }
  }

  private func inPlace(_ rule: Int) -> [Int] {
    (rules[rule].inPlace?.schemas ?? []) + (rules[rule].object?.dependentSchemas.map(\.schema) ?? [])
  }
}
