import Contract
import Store

/// What a careful reviewer would ask about a contract that is valid: rules that let more happen than those beside them, people's
/// data, money, bounds.
///
/// Rules are weighed by what they say to each kind of caller before a record is looked at: nothing, some records, all of them.
/// Two rules that both say "some" may mean different ones; that is not looked into.
struct ContractAudit {
  enum Reach: Int, Comparable {
    case none, some, all

    init(_ grant: Grant) {
      switch grant {
      case .never: self = .none
      case .when: self = .some
      case .always: self = .all
      }
    }

    static func < (a: Reach, b: Reach) -> Bool { a.rawValue < b.rawValue }

    /// After "may read", "may delete".
    var words: String {
      switch self {
      case .none: "none"
      case .some: "only some"
      case .all: "all"
      }
    }
  }

  let contract: Contract
  let plans: [ResourcePlan]
  let places: ContractPlaces
  private let callers: [(kind: CallerKind, facts: Facts)]

  init(_ contract: Contract, plans: [ResourcePlan], places: ContractPlaces) {
    self.contract = contract
    self.plans = plans
    self.places = places
    callers = CallerKind.all(of: contract).map { ($0, $0.facts(contract)) }
  }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for plan in plans {
      findings += wideRules(plan)
      findings += openParts(plan)
      findings += openPersonalFields(plan)
      findings += [keptForEver(plan), repeatableMoney(plan)].compactMap(\.self)
      findings += unsaidBounds(plan)
    }
    return findings + driftedEnums() + unboundedCalls()
  }

  private func path(_ plan: ResourcePlan, _ keys: String...) -> [String] { ["resources", plan.resource.name] + keys }

  // MARK: Rules

  /// Each write rule once, for the first kind of caller who may do more than it should.
  private func wideRules(_ plan: ResourcePlan) -> [Diagnostic] {
    let transitions = (plan.resource.states?.transitions ?? []).map {
      (name: $0.name, rule: AccessRule($0.access), path: path(plan, "states", "transitions", $0.name, "access"))
    }
    let rules =
      [
        (name: "update", rule: plan.update.stored, path: path(plan, "access", "update")),
        (name: "delete", rule: plan.delete, path: path(plan, "access", "delete")),
      ] + transitions
    return rules.compactMap { name, rule, path in
      for (kind, facts) in callers {
        let reach = Reach(rule.grant(facts))
        var neighbour = (name: "read", reach: Reach(plan.read.grant(facts)))
        if reach <= neighbour.reach, name == "delete", reach == .all, !kind.hasRole {
          neighbour = ("update", Reach(plan.update.stored.grant(facts)))
        }
        guard reach > neighbour.reach else { continue }
        return places.finding(
          .widerRule,
          "\(plan.resource.name).\(name): a caller \(kind.words) may \(name) \(reach == .some ? "some" : "all") of the records, and "
            + "\(neighbour.name) \(neighbour.reach.words)",
          at: path)
      }
      return nil
    }
  }

  /// Records that are parts of others, and shown to callers who may not see all of those.
  private func openParts(_ plan: ResourcePlan) -> [Diagnostic] {
    plan.resource.fields.compactMap { field in
      guard case .ref(let reference) = field.type, reference.onDelete == .cascade, field.isRequired,
        let whole = plans.first(where: { $0.resource.name == reference.resource }), !whole.resource.isUsers
      else { return nil }
      for (kind, facts) in callers {
        let (reach, wanted) = (Reach(plan.read.grant(facts)), Reach(whole.read.grant(facts)))
        guard reach > wanted, reach == .all || wanted == .none else { continue }
        return places.finding(
          .openPart,
          "\(plan.resource.name).access.read: a caller \(kind.words) may read \(reach == .some ? "some" : "all") of the records, and "
            + "\(wanted.words) of the \(whole.resource.name) that they belong to by \(field.name)",
          at: path(plan, "access", "read"))
      }
      return nil
    }
  }

  // MARK: People

  private func openPersonalFields(_ plan: ResourcePlan) -> [Diagnostic] {
    let facts = CallerKind.anonymous.facts(contract)
    let reach = Reach(plan.read.grant(facts))
    guard reach > .none else { return [] }
    let visibility = plan.visibility(facts)
    return visibility.places.compactMap { place in
      guard let field = plan.table.fields[place].field, field.isPersonal else { return nil }
      return places.finding(
        .openPersonalField,
        "\(plan.resource.name).\(field.name) is personal, and a caller without a token may read it"
          + (reach == .all && visibility.shows(place) ? "" : " in some records"),
        at: path(plan, "fields", field.name))
    }
  }

  private func keptForEver(_ plan: ResourcePlan) -> Diagnostic? {
    let personal = plan.resource.fields.filter(\.isPersonal)
    guard let first = personal.first, !plan.resource.storage.isReadOnly, places.hasValue(at: path(plan)),
      !plan.resource.keepsForATime
    else { return nil }
    let names = personal.map(\.name).joined(separator: ", ")
    return places.finding(
      .keptForEver, "\(plan.resource.name) keeps personal data (\(names)) without an end", at: path(plan, "fields", first.name),
      suggestion: "add \"retain: 2y\" to \(plan.resource.name)")
  }

  // MARK: What clients send

  private func repeatableMoney(_ plan: ResourcePlan) -> Diagnostic? {
    let resource = plan.resource
    guard callers.contains(where: { Reach(plan.create.grant($0.facts)) > .none }), !resource.idempotencyRequired, !resource.takesKey,
      let money = resource.fields.first(where: { if case .money = $0.type { true } else { false } })
    else { return nil }
    let isTold = resource.fields.contains { $0.isUnique && $0.isRequired && $0.defaultValue == nil }
    guard !isTold, !resource.indexes.contains(where: \.isUnique) else { return nil }
    return places.finding(
      .repeatableMoney, "\(resource.name) carries money (\(money.name)), and a request that is sent again makes a second one",
      at: path(plan, "fields", money.name), suggestion: "add \"idempotency: required\" to \(resource.name)")
  }

  private func unsaidBounds(_ plan: ResourcePlan) -> [Diagnostic] {
    let isWritten = callers.contains { Reach(plan.create.grant($0.facts)) > .none || Reach(plan.update.stored.grant($0.facts)) > .none }
    guard isWritten, places.hasValue(at: path(plan)) else { return [] }
    return plan.resource.fields.compactMap { field in
      let (option, bound): (String, String)
      switch field.type {
      case .text(let options): (option, bound) = ("length", "\(options.length.upperBound) characters")
      case .list(_, let length): (option, bound) = ("length", "\(length.upperBound) values")
      case .json(let options): (option, bound) = ("size", "\(options.sizeMax) bytes")
      default: return nil
      }
      // What only the engine writes has no sender.
      if case .nobody? = field.write { return nil }
      guard !field.isGenerated, !places.hasValue(at: path(plan, "fields", field.name, option)) else { return nil }
      return places.finding(
        .unsaidBound, "\(plan.resource.name).\(field.name) takes up to \(bound), because no \(option) is said",
        at: path(plan, "fields", field.name), suggestion: "add \"\(option): \(option == "size" ? "8KiB" : "0..1000")\" to it")
    }
  }

  // MARK: What has drifted apart

  /// Each enum is compared with the first of its name.
  private func driftedEnums() -> [Diagnostic] {
    var known: [String: (plan: ResourcePlan, values: [String])] = [:]
    var findings: [Diagnostic] = []
    for plan in plans {
      for field in plan.resource.fields {
        guard case .enumeration(let values) = field.type else { continue }
        guard let other = known[field.name] else {
          known[field.name] = (plan, values)
          continue
        }
        guard let difference = Drift(values, other.values) else { continue }
        let names = (here: "\(plan.resource.name).\(field.name)", there: "\(other.plan.resource.name).\(field.name)")
        findings.append(
          places.finding(
            .enumDrift, "\(names.here) and \(names.there) share most of their values, and differ: \(difference.words(names))",
            at: path(plan, "fields", field.name)))
      }
    }
    return findings
  }

  /// What two lists of values that mean the same do not share.
  private struct Drift {
    let here: [String]
    let there: [String]

    /// Nil where they are equal, or share less than half of the longer one.
    init?(_ values: [String], _ others: [String]) {
      let (mine, theirs) = (Set(values.map { Array($0.utf8) }), Set(others.map { Array($0.utf8) }))
      here = values.filter { !theirs.contains(Array($0.utf8)) }
      there = others.filter { !mine.contains(Array($0.utf8)) }
      let shared = values.count - here.count
      guard !here.isEmpty || !there.isEmpty, shared > 0, shared * 2 >= max(values.count, others.count) else { return nil }
    }

    func words(_ names: (here: String, there: String)) -> String {
      [(here, names.here), (there, names.there)].filter { !$0.0.isEmpty }
        .map { values, name in
          let more = values.count > 5 ? ", ..." : ""
          return "\(values.prefix(5).joined(separator: ", "))\(more) only in \(name)"
        }
        .joined(separator: "; ")
    }
  }

  // MARK: What is called

  private func unboundedCalls() -> [Diagnostic] {
    places.keys(at: ["services"]).compactMap { name in
      guard !places.hasValue(at: ["services", name, "timeout"]) else { return nil }
      return places.finding(
        .unboundedCall, "services.\(name) has no timeout", at: ["services", name], suggestion: "add \"timeout: 2s\" to it")
    }
  }
}
