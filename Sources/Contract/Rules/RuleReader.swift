import Base
import Expression
import YAML

/// Checks every expression of the resources, now that all fields are known.
struct RuleReader {
  let reader: ContractReader
  let schema: ContractExpressionSchema
  private let claims: [String: ExpressionMember]
  var findings: Findings { reader.findings }

  init(_ reader: ContractReader) {
    self.reader = reader
    schema = ContractExpressionSchema(
      reader.drafts.map { ($0.resource, $0.broken) })
    var claims: [String: ExpressionMember] = [:]
    for claim in reader.contract.identity.claims {
      claims[claim.name] = ExpressionMember(claim.type.expressionType, isNullable: true, canonical: claim.type.canonicalText)
    }
    self.claims = claims
  }

  func read() {
    reader.edit {
      readFieldRules(&$0)
      readAccess(&$0)
      readConstraints(&$0)
      readTransitions(&$0)
    }
  }

  /// What every environment has: the caller with its roles and claims, the request, the time.
  func environment(record: String? = nil, input: String? = nil) -> ExpressionEnvironment {
    var environment = ExpressionEnvironment(schema: schema)
    environment.record = record
    environment.input = input
    environment.hasCaller = true
    environment.hasRequest = true
    environment.hasNow = true
    environment.roles = reader.contract.roles
    environment.claims = claims
    environment.patterns = RE2Compiler()
    return environment
  }

  /// Checks one expression; nil where it is not valid, which is reported.
  func expression(
    _ node: YAMLNode, _ what: String, expecting: ExpressionType?, in environment: ExpressionEnvironment
  ) -> CheckedExpression? {
    guard let source = node.scalarText else { return nil }
    do throws(ExpressionError) {
      return try CheckedExpression.check(source, expecting: expecting, in: environment)
    } catch {
      let mark = findings.mark(of: node, utf8Offset: error.offset)
      findings.report(.invalidExpression, "\(what): \(error.message)", at: mark, suggestion: error.suggestion)
      return nil
    }
  }

  /// An access value; `.nobody` where it is not valid.
  func access(_ node: YAMLNode, _ what: String, in environment: ExpressionEnvironment) -> Access {
    if case .sequence(let items) = node.content {
      for item in items { reader.checkRole(item, what) }
      return .roles(items.compactMap(\.string))
    }
    switch node.scalarText {
    case "anyone": return .anyone
    case "authenticated": return .authenticated
    case "nobody": return .nobody
    case let text?:
      if reader.contract.roles.contains(text) {
        findings.report(
          .invalidExpression, "\(what): \"\(text)\" is a role, and roles stand in a list", at: node.mark, suggestion: "write [\(text)]")
        return .nobody
      }
      if Name.isSnakeCase(text), !["true", "false", "record", "input", "now"].contains(text) {
        let words = ["anyone", "authenticated", "nobody"] + reader.contract.roles
        findings.report(
          .invalidExpression, "\(what): \"\(text)\" is no rule", at: node.mark,
          suggestion: Suggestion.nearest(text, in: words).map { "did you mean \(reader.contract.roles.contains($0) ? "[\($0)]" : $0)?" })
        return .nobody
      }
      guard let rule = expression(node, what, expecting: .boolean, in: environment) else { return .nobody }
      // Every rule is asked of the store sooner or later.
      if let error = rule.sqlUnsupported {
        let mark = findings.mark(of: node, utf8Offset: error.offset)
        findings.report(.invalidExpression, "\(what): \(error.message)", at: mark, suggestion: error.suggestion)
        return .nobody
      }
      return .rule(rule)
    case nil: return .nobody
    }
  }

  private func readAccess(_ draft: inout ResourceDraft) {
    let name = draft.resource.name
    guard let node = draft.node?["access"] else {
      if let key = draft.key, name != "users" {
        findings.report(.closedResource, "\(name) has no access: nobody may do anything with it", at: key.mark)
      }
      return
    }
    let record = environment(record: name)
    let both = environment(record: name, input: name)
    var access = ResourceAccess()
    if let rule = node["create"] { access.create = self.access(rule, "\(name).access.create", in: both) }
    if let rule = node["read"] { access.read = self.access(rule, "\(name).access.read", in: record) }
    if let rule = node["update"] { access.update = self.access(rule, "\(name).access.update", in: both) }
    if let rule = node["delete"] { access.delete = self.access(rule, "\(name).access.delete", in: record) }
    if let rule = node["export"] { access.export = self.access(rule, "\(name).access.export", in: record) }
    checkWriters(node, access, draft)
    if let rule = node["update"] { checkSides(rule, access.update, draft.resource) }
    if name == "users", let create = node["create"], !access.create.isNobody {
      findings.report(.fixedResource, "users are not created over the API: a row is made when a token is first seen", at: create.mark)
    }
    draft.resource.access = draft.node?["tenancy"] == nil ? access : ResourceAccess()
  }

  /// An update's rule that names `input` says itself what may change: a field that it asks of one row only may.
  private func checkSides(_ node: YAMLNode, _ access: Access, _ resource: Resource) {
    guard case .rule(let rule) = access, rule.namesInput else { return }
    for (side, other) in [(RowName.record, RowName.input), (.input, .record)] {
      for use in rule.members(of: side, comparedWithCaller: side == .input) {
        guard !rule.members(of: other, comparedWithCaller: false).contains(where: { $0.path == use.path }), let name = use.path.first,
          let field = resource.fields.first(where: { $0.name == name }), field.mayChange, name != resource.states?.field
        else { continue }
        findings.report(
          .oneSidedRule,
          "\(resource.name).access.update stands on \(side.rawValue).\(name), which an update may change: it says nothing of "
            + "\(other.rawValue).\(name)", at: findings.mark(of: node, utf8Offset: use.offset),
          suggestion: "add \"&& input.\(name) == record.\(name)\", or make \(name) immutable")
      }
    }
  }

  private func checkWriters(_ node: YAMLNode, _ access: ResourceAccess, _ draft: ResourceDraft) {
    for (name, rule) in [("create", access.create), ("update", access.update), ("delete", access.delete)] {
      guard let mark = node[name]?.mark else { continue }
      if draft.resource.storage.isReadOnly, !rule.isNobody {
        findings.report(.conflictingOptions, "\(draft.resource.name) is read_only: nobody can \(name)", at: mark)
      } else if case .anyone = rule, name != "create" {
        findings.report(.openToAnyone, "\(draft.resource.name): anyone on the network may \(name)", at: mark)
      }
    }
  }

  private func readFieldRules(_ draft: inout ResourceDraft) {
    let name = draft.resource.name
    let environment = environment(record: name)
    for place in draft.resource.fields.indices {
      let field = draft.resource.fields[place]
      guard let node = draft.fieldNodes[field.name] else { continue }
      if let rule = node["read"] { draft.resource.fields[place].read = access(rule, "\(name).\(field.name).read", in: environment) }
      if let rule = node["write"] { draft.resource.fields[place].write = access(rule, "\(name).\(field.name).write", in: environment) }
      if let node = node["default"] {
        let reader = DefaultReader(rules: self, field: field, place: "\(name).\(field.name)", node: node)
        draft.resource.fields[place].defaultValue = reader.read()
      }
    }
  }

  private func readConstraints(_ draft: inout ResourceDraft) {
    let name = draft.resource.name
    var environment = ExpressionEnvironment(schema: schema)
    environment.input = name
    environment.hasNow = true
    environment.patterns = RE2Compiler()
    for member in draft.node?["constraints"]?.members ?? [] {
      guard
        let condition = expression(
          member.value, "\(name).constraints.\(member.key.text)", expecting: .boolean, in: environment)
      else { continue }
      // In memory anything goes; across a relation only the store can answer.
      if !condition.loads.isEmpty, let error = condition.sqlUnsupported {
        findings.report(
          .invalidExpression, "\(name).constraints.\(member.key.text) follows a relation: \(error.message)",
          at: findings.mark(of: member.value, utf8Offset: error.offset), suggestion: error.suggestion)
        continue
      }
      draft.resource.constraints.append(Constraint(name: member.key.text, condition: condition))
    }
  }

  private func readTransitions(_ draft: inout ResourceDraft) {
    guard var machine = draft.resource.states, let nodes = draft.node?["states"]?["transitions"] else { return }
    let name = draft.resource.name
    for place in machine.transitions.indices {
      let transition = machine.transitions[place].name
      guard let rule = nodes[transition]?["access"] else { continue }
      machine.transitions[place].access = access(rule, "\(name).states.\(transition)", in: environment(record: name))
      if case .anyone = machine.transitions[place].access {
        findings.report(.openToAnyone, "\(name): anyone on the network may \(transition)", at: rule.mark)
      }
    }
    if draft.node?["tenancy"] != nil { for place in machine.transitions.indices { machine.transitions[place].access = .nobody } }
    draft.resource.states = machine
  }
}

extension Field {
  /// Whether an update may give it another value.
  fileprivate var mayChange: Bool {
    if isImmutable || isGenerated || write?.isNobody == true { return false }
    if write == nil, case .expression(let expression)? = defaultValue, case .caller(.id) = expression.root.kind { return false }
    return true
  }
}

extension Access {
  package var isNobody: Bool { if case .nobody = self { true } else { false } }
}
