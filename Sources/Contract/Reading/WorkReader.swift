import Base
import Expression
import YAML

/// Reads the named queries, and checks the sections whose engine a later version brings: limits, workflows, jobs, events, webhooks. Every name in them
/// must be declared and every expression must type-check now, so that nothing surprises when they are served.
struct WorkReader {
  let reader: ContractReader
  let rules: RuleReader
  private let services: Set<String>
  private let brokers: Set<String>
  var findings: Findings { reader.findings }

  init(_ reader: ContractReader) {
    self.reader = reader
    rules = RuleReader(reader)
    services = Set((reader.root["services"]?.members ?? []).map(\.key.text))
    brokers = Set((reader.root["brokers"]?.members ?? []).map(\.key.text))
  }

  func read() {
    for member in reader.root["limits"]?.members ?? [] {
      guard let node = member.value["when"] else { continue }
      _ = rules.expression(node, "limits.\(member.key.text).when", expecting: .boolean, in: rules.environment())
    }
    for member in reader.root["queries"]?.members ?? [] {
      if let query = QueryReader(self, member).read() { reader.contract.queries.append(query) }
    }
    for member in reader.root["services"]?.members ?? [] { checkRetry(member.value, "services.\(member.key.text)") }
    for member in reader.root["workflows"]?.members ?? [] { readWorkflow(member) }
    for member in reader.root["jobs"]?.members ?? [] { readJob(member) }
    for (place, node) in (reader.root["events"]?["publish"]?.items ?? []).enumerated() { readPublication(node, "events.publish[\(place)]") }
    for (place, node) in (reader.root["events"]?["consume"]?.items ?? []).enumerated() { readConsumption(node, "events.consume[\(place)]") }
    if let webhooks = reader.root["webhooks"] {
      for node in webhooks["match"]?.oneOrMany ?? [] { checkMatch(node, "webhooks") }
      if let access = webhooks["access"] { _ = rules.access(access, "webhooks.access", in: rules.environment()) }
    }
  }

  private func readWorkflow(_ member: YAMLMember) {
    let name = "workflows.\(member.key.text)"
    let resource = checkEvent(member.value["after"], name)
    var environment = environment(for: resource)
    let steps = member.value["steps"]?.members ?? []
    if steps.isEmpty, let node = member.value["steps"] { findings.report(.outOfRange, "\(name) has no steps", at: node.mark) }
    for step in steps {
      let place = "\(name).\(step.key.text)"
      checkAction(step.value, place, in: environment)
      checkRetry(step.value, place)
      // A step's answer is known to what follows it, its own undo first.
      environment.names[step.key.text] = ExpressionMember(.dynamic, isNullable: true)
      if let undo = step.value["undo"] { checkAction(undo, "\(place).undo", in: environment) }
    }
  }

  private func readJob(_ member: YAMLMember) {
    let name = "jobs.\(member.key.text)"
    let starts = ["after", "schedule"].filter { member.value[$0] != nil }
    if starts.count != 1 {
      let message = starts.isEmpty ? "needs \"after\" or \"schedule\"" : "has after and schedule: one of them"
      findings.report(starts.isEmpty ? .missingKey : .contradiction, "\(name) \(message)", at: member.key.mark)
    }
    let resource = checkEvent(member.value["after"], name)
    let environment = environment(for: resource)
    checkAction(member.value, name, in: environment)
    checkRetry(member.value, name)
    if let node = member.value["when"] { _ = rules.expression(node, "\(name).when", expecting: .boolean, in: environment) }
  }

  private func readPublication(_ node: YAMLNode, _ name: String) {
    checkBroker(node["to"], name)
    let resource = node["match"].flatMap { checkMatch($0, name) }
    if let key = node["key"] { _ = rules.expression(key, "\(name).key", expecting: nil, in: environment(for: resource)) }
  }

  private func readConsumption(_ node: YAMLNode, _ name: String) {
    checkBroker(node["from"], name)
    let resource = node["transition"]?.string.flatMap { TextForm.split($0, at: ".")?.0 }.flatMap { reader.draft($0) }?.resource.name
    var environment = environment(for: resource)
    environment.hasEvent = true
    checkAction(node, name, in: environment)
    checkRetry(node, name)
    if let match = node["match"] { _ = rules.expression(match, "\(name).match", expecting: .boolean, in: environment) }
  }

  /// What is known where work is done: the record the event is about, and the time. There is no caller.
  private func environment(for resource: String?) -> ExpressionEnvironment {
    var environment = ExpressionEnvironment(schema: rules.schema)
    environment.record = resource
    environment.hasNow = true
    environment.patterns = RE2Compiler()
    return environment
  }

  private func checkRetry(_ node: YAMLNode, _ name: String) {
    guard let retry = node["retry"], let timeout = node["timeout"]?.string.flatMap(DurationForm.milliseconds), timeout == 0 else { return }
    findings.report(.outOfRange, "\(name): a timeout of nothing lets every attempt fail", at: retry.mark)
  }

  /// `call` with its path and body, `transition`, or `run`: one of them.
  private func checkAction(_ node: YAMLNode, _ name: String, in environment: ExpressionEnvironment) {
    let heads = ["call", "transition", "run"].filter { node[$0] != nil }
    if heads.count > 1 {
      findings.report(.contradiction, "\(name) has \(heads.joined(separator: " and ")): one of them", at: node.mark)
    }
    if let call = node["call"], let text = call.string, let (service, _) = TextForm.split(text, at: ".") {
      if !services.contains(service) {
        findings.report(
          .unknownService, "\(name): there is no service \"\(service)\"", at: call.mark,
          suggestion: Suggestion.question(service, in: services.sorted()))
      }
      if node["path"] == nil { findings.report(.missingKey, "\(name) needs the key \"path\"", at: call.mark) }
    }
    for key in ["path", "body"] where node["call"] == nil {
      guard let member = node.members.first(where: { $0.key.text == key }) else { continue }
      findings.report(.foreignOption, "\(name): \"\(key)\" belongs to a call", at: member.key.mark)
    }
    if let transition = node["transition"] { checkTransition(transition, name) }
    let template = TemplateReader(rules: rules, environment: environment)
    if let path = node["path"] { template.checkPath(path, "\(name).path") }
    if let body = node["body"] { template.checkBody(body, "\(name).body") }
  }

  private func checkTransition(_ node: YAMLNode, _ name: String) {
    guard let text = node.string, let (resource, transition) = TextForm.split(text, at: ".") else { return }
    guard let draft = reader.draft(resource) else { return reader.unknownResource(resource, name, at: node) }
    let names = draft.resource.states?.transitions.map(\.name) ?? []
    guard !names.contains(transition) else { return }
    findings.report(
      .unknownTransition, "\(name): \(resource) has no transition \"\(transition)\"", at: node.mark,
      suggestion: Suggestion.question(transition, in: names))
  }

  private func checkBroker(_ node: YAMLNode?, _ name: String) {
    guard let node, let broker = node.string, !brokers.contains(broker) else { return }
    findings.report(
      .unknownBroker, "\(name): there is no broker \"\(broker)\"", at: node.mark,
      suggestion: Suggestion.question(broker, in: brokers.sorted()))
  }

  /// Events of a resource, by their last part.
  private func eventNames(_ draft: ResourceDraft) -> [String] {
    ["created", "updated", "deleted"] + (draft.resource.states?.transitions.map(\.name) ?? [])
  }

  /// The resource of an event that is there.
  @discardableResult
  private func checkEvent(_ node: YAMLNode?, _ name: String) -> String? {
    guard let node, let text = node.string, let (resource, event) = TextForm.split(text, at: ".") else { return nil }
    guard let draft = reader.draft(resource) else {
      reader.unknownResource(resource, name, at: node)
      return nil
    }
    let names = eventNames(draft)
    if !names.contains(event) {
      findings.report(
        .unknownEvent, "\(name): \(resource) has no event \"\(event)\"", at: node.mark,
        suggestion: Suggestion.question(event, in: names))
    }
    return resource
  }

  /// The resource that a pattern of events speaks of, where it is one.
  @discardableResult
  private func checkMatch(_ node: YAMLNode, _ name: String) -> String? {
    guard let text = node.string else { return nil }
    let (resource, event) = TextForm.split(text, at: ".") ?? (text, "*")
    if resource == "*" { return nil }
    guard let draft = reader.draft(resource) else {
      reader.unknownResource(resource, name, at: node)
      return nil
    }
    if event != "*", !eventNames(draft).contains(event) { checkEvent(node, name) }
    return resource
  }
}
