import Base
import JSON

/// One value held against one schema.
///
/// Each schema meets each value in it a bounded number of times: what a reference leads to is remembered for the value, and there
/// are no other ways for schemas to be shared.
struct SchemaCheck {
  /// Levels of schemas within one another, references included: what the stack of a thread holds.
  static let depthMax = 300
  private static let memoryMax = 100_000

  let schema: JSONSchema
  private(set) var violations: [JSONSchema.Violation] = []
  private(set) var isOverrun = false
  /// Whether violations are told: not of alternatives.
  private var isTelling = true
  private var stepsLeft = JSONSchema.stepsMax
  private var depth = 0
  private var path: [Step] = []
  private var memory: [Visit: Memory] = [:]
  private var scopes: [[Int]]
  private var scopeNumbers: [[Int]: Int] = [:]

  private enum Step {
    case name(JSONNode), place(Int)
  }

  /// How a value is looked at.
  struct Sight: Hashable {
    /// The dynamic scope: which schema each dynamic anchor means. A number of `scopes`.
    var scope: Int
    /// A schema around this one asks which members and items were looked at.
    var wants: Bool
  }

  private struct Visit: Hashable {
    let rule: Int
    let offset: Int
    let sight: Sight
  }

  private struct Memory {
    let outcome: Outcome
    let isTold: Bool
  }

  struct Outcome {
    var isValid: Bool
    var evaluated = Evaluated()
  }

  init(_ schema: JSONSchema) {
    self.schema = schema
    scopes = [[Int](repeating: -1, count: schema.dynamicCount)]
  }

  // MARK: Bounds and findings

  /// Whether there is something left to spend.
  mutating func spend(_ steps: Int) -> Bool {
    stepsLeft -= steps
    if stepsLeft < 0 { isOverrun = true }
    return !isOverrun
  }

  mutating func tell(_ code: String, _ detail: @autoclosure () -> String, member: String? = nil) {
    guard isTelling, violations.count < JSONSchema.violationsMax else { return }
    var pointer = ""
    for step in path {
      switch step {
      case .name(let key): pointer += JSONPointer.shown(key.stringValue ?? "")
      case .place(let number): pointer += "/\(number)"
      }
    }
    if let member { pointer += JSONPointer.shown(member) }
    violations.append(.init(pointer: pointer, code: code, detail: detail()))
  }

  /// Without telling what is found.
  mutating func quietly<T>(_ look: (inout SchemaCheck) -> T) -> T {
    let was = isTelling
    isTelling = false
    defer { isTelling = was }
    return look(&self)
  }

  var isTold: Bool { isTelling }

  // MARK: Schemas

  mutating func child(_ rule: Int, member: JSONNodeMember, scope: Int) -> Bool {
    path.append(.name(member.key))
    defer { path.removeLast() }
    return outcome(rule, member.value, Sight(scope: scope, wants: false)).isValid
  }

  mutating func child(_ rule: Int, _ node: JSONNode, place: Int, scope: Int) -> Bool {
    path.append(.place(place))
    defer { path.removeLast() }
    return outcome(rule, node, Sight(scope: scope, wants: false)).isValid
  }

  mutating func outcome(_ number: Int, _ node: JSONNode, _ sight: Sight) -> Outcome {
    guard spend(1), depth < SchemaCheck.depthMax else {
      isOverrun = true
      return Outcome(isValid: false)
    }
    depth += 1
    defer { depth -= 1 }
    let rule = schema.rules[number]
    if rule.isFalse {
      tell("schema", "must not be there")
      return Outcome(isValid: false)
    }
    if let types = rule.types, types.isDisjoint(with: JSONTypes(of: node)) {
      tell("type", "must be of type \(types.words)")
      return Outcome(isValid: false)
    }
    var outcome = Outcome(isValid: isValue(rule, node))
    let needs = sight.wants || rule.object?.unevaluated != nil || rule.array?.unevaluated != nil
    let inner = Sight(scope: entered(rule.resource, from: sight.scope), wants: needs)
    if let rule = rule.inPlace { check(rule, node, inner, &outcome) }
    switch node.kind {
    case .object: if let rule = rule.object { check(rule, object: node, inner, &outcome) }
    case .array: if let rule = rule.array { check(rule, array: node, inner, &outcome) }
    default: break
    }
    if !sight.wants { outcome.evaluated = Evaluated() }
    return outcome
  }

  /// What a reference leads to: remembered.
  mutating func referred(_ rule: Int, _ node: JSONNode, _ sight: Sight) -> Outcome {
    let visit = Visit(rule: rule, offset: node.offset, sight: sight)
    if let known = memory[visit], known.outcome.isValid || known.isTold || !isTelling { return known.outcome }
    let outcome = outcome(rule, node, sight)
    if memory.count < SchemaCheck.memoryMax { memory[visit] = Memory(outcome: outcome, isTold: isTelling) }
    return outcome
  }

  /// The scope after a resource was entered: the outermost schema that has an anchor keeps it.
  private mutating func entered(_ resource: Int, from scope: Int) -> Int {
    guard schema.dynamicCount > 0, !schema.dynamicAnchors[resource].isEmpty else { return scope }
    var next = scopes[scope]
    for (anchor, rule) in schema.dynamicAnchors[resource] where next[anchor] < 0 { next[anchor] = rule }
    if next == scopes[scope] { return scope }
    if let known = scopeNumbers[next] { return known }
    scopes.append(next)
    scopeNumbers[next] = scopes.count - 1
    return scopes.count - 1
  }

  /// The schema that a dynamic anchor means.
  func meaning(of anchor: Int, in scope: Int) -> Int? {
    let rule = scopes[scope][anchor]
    return rule < 0 ? nil : rule
  }
}

/// Members and items of a value that some schema has looked at.
struct Evaluated {
  var allMembers = false
  /// By where their values begin.
  var members: Set<Int> = []
  var allItems = false
  /// So many from the first one.
  var itemsFromFirst = 0
  var items: Set<Int> = []

  mutating func merge(_ other: Evaluated) {
    allMembers = allMembers || other.allMembers
    members.formUnion(other.members)
    allItems = allItems || other.allItems
    itemsFromFirst = max(itemsFromFirst, other.itemsFromFirst)
    items.formUnion(other.items)
  }

  var count: Int { members.count + items.count }
}
