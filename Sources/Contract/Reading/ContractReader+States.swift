import Base
import YAML

extension ContractReader {
  /// Words that stand where a transition would: paths of an item, and its events.
  private static let reservedTransitions: Set<String> = ["history", "created", "updated", "deleted"]

  /// The state machine without its access rules.
  func readStates(_ draft: inout ResourceDraft) {
    guard let node = draft.node?["states"], let fieldNode = node["field"], let name = fieldNode.string else { return }
    let resource = draft.resource.name
    guard let field = draft.resource.field(name), case .enumeration(let values) = field.type else {
      if draft.broken.contains(name) { return }
      guard draft.knows(name) else { return unknownField(name, draft, "\(resource).states", at: fieldNode) }
      return findings.report(.invalidStateField, "\(resource).states: \(name) is no enum", at: fieldNode.mark)
    }
    let options = draft.fieldNodes[name]
    if options?["default"] == nil {
      findings.report(
        .invalidStateField, "\(resource).states: \(name) needs a default, its first state", at: fieldNode.mark,
        suggestion: "default: \(values[0])")
    }
    for option in ["unique", "immutable", "write"] {
      guard let mark = options?[option]?.mark else { continue }
      findings.report(.invalidStateField, "\(resource).\(name): only transitions write it, so it has no \"\(option)\"", at: mark)
    }
    var machine = StateMachine(field: name, transitions: [])
    for member in node["transitions"]?.members ?? [] {
      if let transition = transition(member, values, draft) { machine.transitions.append(transition) }
    }
    if node["transitions"]?.members.isEmpty == true {
      findings.report(.outOfRange, "\(resource).states has no transition", at: node.mark)
    }
    draft.resource.states = machine
    checkReach(machine, values, options)
  }

  private func transition(_ member: YAMLMember, _ values: [String], _ draft: ResourceDraft) -> StateMachine.Transition? {
    let name = member.key.text
    let place = "\(draft.resource.name).states.\(name)"
    if ContractReader.reservedTransitions.contains(name) {
      findings.report(.reservedName, "a transition cannot be named \"\(name)\"", at: member.key.mark)
    }
    func state(_ node: YAMLNode) -> String? {
      guard let state = node.string else { return nil }
      if values.contains(state) { return state }
      findings.report(
        .unknownState, "\(place): there is no state \"\(state)\"", at: node.mark, suggestion: Suggestion.question(state, in: values))
      return nil
    }
    guard let from = member.value["from"], let to = member.value["to"] else { return nil }
    if from.oneOrMany.isEmpty { findings.report(.outOfRange, "\(place): from names no state", at: from.mark) }
    let sources = from.oneOrMany.compactMap(state)
    guard let target = state(to), !sources.isEmpty else { return nil }
    if sources.contains(target) {
      findings.report(.contradiction, "\(place) leads from \"\(target)\" to itself", at: to.mark)
    }
    return StateMachine.Transition(name: name, from: sources, to: target, access: .nobody)
  }

  private func checkReach(_ machine: StateMachine, _ values: [String], _ options: YAMLNode?) {
    guard let start = options?["default"]?.string, let list = options?["values"] else { return }
    var reached: Set<String> = [start]
    var grew = true
    while grew {
      grew = false
      for transition in machine.transitions where !reached.contains(transition.to) && !reached.isDisjoint(with: transition.from) {
        reached.insert(transition.to)
        grew = true
      }
    }
    for item in list.items {
      guard let value = item.string, values.contains(value), !reached.contains(value) else { continue }
      findings.report(.unreachableState, "no transition leads to \"\(value)\"", at: item.mark)
    }
  }
}
