import Base
import Contract
import Expression
import JSON
import Store

/// Turns a request's body into the record as it would become, and collects everything that is wrong with it.
struct InputReader {
  let plan: ResourcePlan
  let facts: Facts
  var items: [Failure.Item] = []
  /// Conditions on the writing of single fields that depend on the record.
  var writeConditions: [(place: Int, condition: Condition)] = []
  /// The members of the stored record that the caller sees. Only of these may it learn that they are what it sends.
  var shown: [Int] = []
  /// The body is a merge patch: an object is merged into what a `json` or `money` field holds (RFC 7396 section 2).
  var merges = false

  /// What the service keeps itself is passed over where it is sent, instead of refused.
  var passesOverKept = false

  static let itemsMax = 100

  init(plan: ResourcePlan, facts: Facts) {
    self.plan = plan
    self.facts = facts
  }

  /// The body as an object. An empty body is an empty object where that is allowed.
  static func object(_ body: [UInt8], mayBeEmpty: Bool = false) throws(Failure) -> JSONNode {
    let document = try document(mayBeEmpty && body.isEmpty ? Array("{}".utf8) : body)
    guard document.root.kind == .object else {
      throw Failure.validation([.init(pointer: "", code: "type", detail: "must be a JSON object")])
    }
    return document.root
  }

  /// The body as JSON.
  static func document(_ body: [UInt8]) throws(Failure) -> JSONDocument {
    do {
      return try JSONDocument.parse(body)
    } catch {
      var failure = Failure(.malformedJSON, "The body is not valid JSON: \(error.message) at byte \(error.offset)")
      failure.members.append(("offset", Array(String(error.offset).utf8)))
      throw failure
    }
  }

  /// Reads the members of `object` into the record. A null clears a field.
  mutating func read(_ object: JSONNode, into record: inout Record, stored: Record?) {
    for member in object.members {
      // More is not said: a body of nothing but unknown names would cost a look for what was meant for each of them.
      guard items.count < InputReader.itemsMax else { return }
      let name = member.name
      let pointer = JSONPointer.shown(name)
      guard let place = plan.table.place(name), plan.visibility(facts).places.contains(place) || isSecret(place) else {
        report(pointer, "unknown_field", unknown(name))
        continue
      }
      if isKept(place, isNew: stored == nil) {
        if passesOverKept { continue }
        keep(place, member.value, record: record, pointer: pointer, isNew: stored == nil)
        continue
      }
      // A value that the caller does not see is replaced whole: what a merge is refused for would tell of it.
      let target = shown.contains(place) ? record.values[place] : .null
      guard let value = value(of: member.value, place: place, pointer: pointer, target: target) else { continue }
      guard isWritable(place, value: value, current: record.values[place], stored: stored, pointer: pointer) else { continue }
      record.values[place] = value
    }
  }

  /// The node's value, or nil when it was reported.
  private mutating func value(of node: JSONNode, place: Int, pointer: String, target: Value) -> Value? {
    if node.isNull { return .null }
    guard let reader = plan.readers[place] else { return nil }
    do throws(FieldReader.Violation) {
      return try merges ? reader.value(merging: node, into: target) : reader.value(of: node)
    } catch {
      for one in [error] + error.others { report(pointer + one.pointer, one.code, one.detail) }
      return nil
    }
  }

  /// `id`, the engine's own members, generated columns: they may be sent back as they are.
  private func isKept(_ place: Int, isNew: Bool) -> Bool {
    guard let field = plan.table.fields[place].field else { return !(place == 0 && isNew && plan.takesKey) }
    return field.isGenerated
  }

  private func isSecret(_ place: Int) -> Bool { plan.table.fields[place].isSecret }

  private mutating func keep(_ place: Int, _ node: JSONNode, record: Record, pointer: String, isNew: Bool) {
    if !isNew, shown.contains(place), Array(node.rawText) == record.values[place].json { return }
    if place == 0, !isNew, node.stringValue == KeyText.text(record.key) { return }
    report(pointer, "not_writable", "is kept by the service")
  }

  private mutating func isWritable(_ place: Int, value: Value, current: Value, stored: Record?, pointer: String) -> Bool {
    guard let field = plan.table.fields[place].field else { return true }
    if value == current, stored == nil || shown.contains(place) { return true }
    if field.name == plan.resource.states?.field {
      report(pointer, "not_writable", "changes by transitions only: POST .../\(plan.transitions.keys.sorted().joined(separator: ", "))")
      return false
    }
    if stored != nil, field.isImmutable {
      report(pointer, "immutable", "cannot be changed once it is set")
      return false
    }
    guard let rule = plan.restrictedWrites[place] else {
      guard !plan.isCallersOwn(place) else {
        report(pointer, "not_writable", "is always the caller's own id")
        return false
      }
      return true
    }
    switch rule.grant(facts) {
    case .always: return true
    case .never:
      report(pointer, "not_writable", "may not be written by you")
      return false
    case .when(let condition):
      writeConditions.append((place, condition))
      return true
    }
  }

  private func unknown(_ name: String) -> String {
    let names = plan.visibility(facts).places.map { plan.table.fields[$0].name }
    return Suggestion.question(name, in: names) ?? "\(plan.resource.name) has no such field"
  }

  /// Every required field that has no value.
  mutating func checkRequired(_ record: Record) {
    for (place, field) in plan.table.fields.enumerated() {
      guard let declared = field.field, declared.isRequired, record.values[place].isNull else { continue }
      let pointer = "/" + JSONPointer.escaped(field.name)
      if !items.contains(where: { $0.pointer?.hasPrefix(pointer) ?? false }) { report(pointer, "required", "is required") }
    }
  }

  mutating func report(_ pointer: String, _ code: String, _ detail: String) {
    if items.count < InputReader.itemsMax { items.append(.init(pointer: pointer, code: code, detail: detail)) }
  }

  /// Every field's default.
  func defaulted(_ record: inout Record) {
    for place in plan.table.fields.indices {
      if let value = plan.defaultValue(at: place, facts: facts) { record.values[place] = value }
    }
  }
}

extension ResourcePlan {
  /// Whether a create says its key.
  var takesKey: Bool { resource.takesKey }
  var isKeyNumbered: Bool { resource.isKeyNumbered }

  /// A field whose default is `caller.id` and that has no `write` rule: nobody makes a record another's.
  func isCallersOwn(_ place: Int) -> Bool {
    guard case .expression(let expression)? = table.fields[place].field?.defaultValue else { return false }
    if case .caller(.id) = expression.root.kind { return true }
    return false
  }

  /// A field's default, or nil where it has none.
  func defaultValue(at place: Int, facts: Facts) -> Value? {
    guard let field = table.fields[place].field else { return nil }
    switch field.defaultValue {
    case .value(let value)?: return value
    case .expression(let expression)?: return expression.plainValue(facts) ?? .null
    case nil:
      if field.name == resource.states?.field { return resource.states?.transitions.first?.from.first.map { .string($0) } }
      return nil
    }
  }
}
