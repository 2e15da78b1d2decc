import Base
import Expression
import YAML

/// Checks a named query.
struct QueryReader {
  let work: WorkReader
  let member: YAMLMember
  var node: YAMLNode { member.value }
  var name: String { "queries.\(member.key.text)" }
  var findings: Findings { work.findings }

  static let aggregates = ["count", "sum", "avg", "min", "max"]

  init(_ work: WorkReader, _ member: YAMLMember) {
    self.work = work
    self.member = member
  }

  func read() {
    let parameters = self.parameters()
    var environment = work.rules.environment()
    environment.parameters = parameters
    if let access = node["access"] {
      let rule = work.rules.access(access, "\(name).access", in: work.rules.environment())
      if node["sql"] != nil { checkSQL(rule) }
    }
    guard let from = node["from"], let resource = from.string else { return }
    if node["sql"] != nil { findings.report(.contradiction, "\(name) has from and sql: one of them", at: from.mark) }
    guard let draft = work.reader.draft(resource) else {
      return work.reader.unknownResource(resource, name, at: from)
    }
    environment.record = resource
    environment.fieldsAtTop = true
    if let condition = node["where"] {
      _ = work.rules.expression(condition, "\(name).where", expecting: .boolean, in: environment)
    }
    for group in node["group"]?.members ?? [] {
      _ = work.rules.expression(group.value, "\(name).group.\(group.key.text)", expecting: nil, in: environment)
    }
    for column in node["select"]?.members ?? [] { checkColumn(column, environment) }
    if node["group"] != nil, node["select"] == nil {
      findings.report(.missingKey, "\(name) needs the key \"select\": what to tell of each group", at: member.key.mark)
    }
    checkSort(draft)
  }

  private func parameters() -> [String: ExpressionMember] {
    var result: [String: ExpressionMember] = [:]
    for parameter in node["params"]?.members ?? [] {
      let value = parameter.value
      let place = "\(name).params.\(parameter.key.text)"
      guard let text = value.isScalar ? value.string : value["type"]?.string else { continue }
      let reader = TypeReader(text: text, node: value, place: place, key: parameter.key, findings: findings)
      guard let type = reader.read() else {
        result[parameter.key.text] = ExpressionMember(.dynamic, isNullable: true)
        continue
      }
      if let standard = value["default"], case .failure(let problem) = LiteralReader(type: type).read(standard) {
        findings.report(.invalidDefault, "\(place): the default \(problem.message)", at: standard.mark, suggestion: problem.suggestion)
      }
      let isRequired = value["required"]?.boolean ?? false
      result[parameter.key.text] = ExpressionMember(type.expressionType, isNullable: !isRequired && value["default"] == nil)
    }
    return result
  }

  private func checkSQL(_ access: Access) {
    guard let sql = node["sql"] else { return }
    if node["bypasses_rules"]?.boolean != true {
      findings.report(
        .missingKey, "\(name): sql sees every row, and must say so", at: sql.mark, suggestion: "add bypasses_rules: true")
    }
    switch access {
    case .roles, .nobody: break
    default:
      findings.report(
        .bypassedRules, "\(name): sql passes by the row rules, and its access is no list of roles", at: node["access"]?.mark ?? sql.mark)
    }
  }

  /// `count()`, `sum(EXPRESSION)`, or an expression without an aggregate.
  private func checkColumn(_ column: YAMLMember, _ environment: ExpressionEnvironment) {
    guard let text = column.value.scalarText else { return }
    let place = "\(name).select.\(column.key.text)"
    let bytes = Array(text.utf8)
    guard let (function, rest) = TextForm.split(text, at: "("), QueryReader.aggregates.contains(function), rest.hasSuffix(")") else {
      _ = work.rules.expression(column.value, place, expecting: nil, in: environment)
      return
    }
    let inner = bytes[(function.utf8.count + 1)..<(bytes.count - 1)]
    if inner.isEmpty {
      guard function != "count" else { return }
      findings.report(.invalidExpression, "\(place): \(function) needs an expression", at: column.value.mark)
    } else {
      work.rules.expression(column.value, part: inner, place, in: environment)
    }
  }

  private func checkSort(_ draft: ResourceDraft) {
    guard let sort = node["sort"] else { return }
    var names = ["group", "select"].flatMap { (node[$0]?.members ?? []).map(\.key.text) }
    if names.isEmpty { names = draft.memberNames }
    for item in sort.oneOrMany {
      guard let text = item.string else { continue }
      let key = text.hasPrefix("-") ? String(text.dropFirst()) : text
      guard !names.contains(key) else { continue }
      findings.report(
        .unknownField, "\(name).sort: the query has no \"\(key)\"", at: item.mark, suggestion: Suggestion.question(key, in: names))
    }
  }
}
