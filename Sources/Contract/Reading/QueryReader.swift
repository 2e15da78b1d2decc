import Base
import Expression
import YAML

/// Reads a named query.
struct QueryReader {
  let work: WorkReader
  let member: YAMLMember
  var node: YAMLNode { member.value }
  var name: String { "queries.\(member.key.text)" }
  var findings: Findings { work.findings }

  static let aggregates = NamedQuery.Aggregate.allCases.map(\.rawValue)
  /// Parameters of every query.
  static let pageParameters: Set<String> = ["limit", "after"]

  init(_ work: WorkReader, _ member: YAMLMember) {
    self.work = work
    self.member = member
  }

  /// Nil where it has a mistake.
  func read() -> NamedQuery? {
    let parameters = self.parameters()
    let access = node["access"].map { work.rules.access($0, "\(name).access", in: work.rules.environment()) } ?? .nobody
    var query = NamedQuery(name: member.key.text)
    query.description = node["description"]?.string
    query.parameters = parameters
    query.access = access
    if let limit = node["limit"]?.integer { query.limit = Int(clamping: limit) }
    query.cacheLifetime = node["cache"]?.string.flatMap(DurationForm.duration)
    readTimeout(into: &query)
    if let sql = node["sql"] { return readStatement(sql, into: query) }
    guard let from = node["from"], let resource = from.string else { return nil }
    guard let draft = work.reader.draft(resource) else {
      work.reader.unknownResource(resource, name, at: from)
      return nil
    }
    query.from = resource
    var environment = work.rules.environment()
    environment.parameters = Dictionary(
      parameters.map { ($0.name, $0.expressionMember) }, uniquingKeysWith: { first, _ in first })
    for broken in brokenParameters(parameters) { environment.parameters?[broken] = ExpressionMember(.dynamic, isNullable: true) }
    environment.record = resource
    environment.fieldsAtTop = true
    if let condition = node["where"] {
      query.condition = work.rules.expression(condition, "\(name).where", expecting: .boolean, in: environment)
      if let rule = query.condition, let error = rule.sqlUnsupported { unsupported(error, condition, "\(name).where") }
    }
    // What is told of the records is the same for every caller and request.
    environment.parameters = nil
    environment.hasCaller = false
    environment.hasRequest = false
    environment.hasNow = false
    for group in node["group"]?.members ?? [] {
      guard let expression = value(group, "group", environment) else { continue }
      query.columns.append(.init(name: group.key.text, expression: expression))
    }
    query.isGrouped = !(node["group"]?.members ?? []).isEmpty
    for column in node["select"]?.members ?? [] { readColumn(column, environment, into: &query) }
    checkColumns(query)
    readSort(["group", "select"].flatMap { (node[$0]?.members ?? []).map(\.key.text) }, into: &query)
    checkSight(query, draft)
    return query
  }

  // MARK: Parameters

  private func parameters() -> [NamedQuery.Parameter] {
    (node["params"]?.members ?? []).compactMap { parameter in
      let value = parameter.value
      let place = "\(name).params.\(parameter.key.text)"
      if QueryReader.pageParameters.contains(parameter.key.text) {
        findings.report(.reservedName, "\(place): every query has the parameter \"\(parameter.key.text)\"", at: parameter.key.mark)
      }
      guard let text = value.isScalar ? value.string : value["type"]?.string else { return nil }
      let reader = TypeReader(text: text, node: value, place: place, key: parameter.key, findings: findings)
      guard let type = reader.read() else { return nil }
      switch type {
      case .money, .json, .list, .secret, .file:
        findings.report(.conflictingOptions, "\(place): \(type.name) cannot stand in a URL's query", at: value.mark)
        return nil
      default: break
      }
      var result = NamedQuery.Parameter(
        name: parameter.key.text, type: type, isRequired: value["required"]?.boolean ?? false, description: value["description"]?.string)
      if let standard = value["default"] {
        switch LiteralReader(type: type).read(standard) {
        case .success(let value): result.defaultValue = value
        case .failure(let problem):
          findings.report(.invalidDefault, "\(place): the default \(problem.message)", at: standard.mark, suggestion: problem.suggestion)
        }
        if result.isRequired {
          findings.report(.contradiction, "\(place) is required and has a default: one of them", at: standard.mark)
        }
      }
      return result
    }
  }

  private func brokenParameters(_ parameters: [NamedQuery.Parameter]) -> [String] {
    (node["params"]?.members ?? []).map(\.key.text).filter { name in !parameters.contains { $0.name == name } }
  }

  /// The store ends every statement after its own time: a longer one would be none.
  private func readTimeout(into query: inout NamedQuery) {
    guard let timeout = node["timeout"], let duration = timeout.string.flatMap(DurationForm.duration) else { return }
    query.timeout = duration
    let longest = work.reader.contract.store.timeout
    guard duration > longest else { return }
    findings.report(
      .contradiction, "\(name).timeout is longer than the store gives any statement", at: timeout.mark,
      suggestion: "at most \(longest.wholeMilliseconds) ms, or a longer store.timeout")
  }

  // MARK: Columns

  /// An expression whose value can be told.
  private func value(_ member: YAMLMember, _ key: String, _ environment: ExpressionEnvironment) -> CheckedExpression? {
    let place = "\(name).\(key).\(member.key.text)"
    guard let expression = work.rules.expression(member.value, place, expecting: nil, in: environment) else { return nil }
    return checked(expression, of: nil, member.value, place) ? expression : nil
  }

  /// `count()`, `sum(EXPRESSION)`, or an expression without an aggregate.
  private func readColumn(_ column: YAMLMember, _ environment: ExpressionEnvironment, into query: inout NamedQuery) {
    guard let text = column.value.scalarText else { return }
    let place = "\(name).select.\(column.key.text)"
    if query.columns.contains(where: { $0.name == column.key.text }) {
      return findings.report(.duplicateName, "\(place) stands under group as well", at: column.key.mark)
    }
    let bytes = Array(text.utf8)
    guard let (function, rest) = TextForm.split(text, at: "("), let aggregate = NamedQuery.Aggregate(rawValue: function),
      rest.hasSuffix(")")
    else {
      if let expression = value(column, "select", environment) {
        query.columns.append(.init(name: column.key.text, expression: expression))
      }
      return
    }
    let inner = bytes[(function.utf8.count + 1)..<(bytes.count - 1)]
    if inner.allSatisfy({ $0 == UInt8(ascii: " ") }) {
      guard aggregate == .count else {
        return findings.report(.invalidExpression, "\(place): \(function) needs an expression", at: column.value.mark)
      }
      return query.columns.append(.init(name: column.key.text, aggregate: .count))
    }
    guard let expression = work.rules.expression(column.value, part: inner, place, in: environment),
      checked(expression, of: aggregate, column.value, place)
    else { return }
    query.columns.append(.init(name: column.key.text, aggregate: aggregate, expression: expression))
  }

  /// Whether the store can be asked for such a value, and an answer can hold it.
  private func checked(_ expression: CheckedExpression, of aggregate: NamedQuery.Aggregate?, _ node: YAMLNode, _ place: String) -> Bool {
    if let error = expression.sqlUnsupported {
      unsupported(error, node, place)
      return false
    }
    let type = expression.type
    let isFit: Bool =
      switch (aggregate, type) {
      case (nil, .money), (.sum?, .money), (.avg?, .money), (.min?, .money), (.max?, .money): false
      case (nil, .boolean), (nil, .integer), (nil, .number), (nil, .decimal), (nil, .string), (nil, .timestamp), (nil, .date),
        (nil, .uuid), (nil, .record):
        true
      case (.count?, .list), (.count?, .map), (.count?, .dynamic), (.count?, .money): false
      case (.count?, _): true
      case (.sum?, .integer), (.sum?, .number), (.sum?, .decimal), (.avg?, .integer), (.avg?, .number), (.avg?, .decimal): true
      case (.min?, .integer), (.min?, .number), (.min?, .decimal), (.min?, .string), (.min?, .timestamp), (.min?, .date),
        (.max?, .integer), (.max?, .number), (.max?, .decimal), (.max?, .string), (.max?, .timestamp), (.max?, .date):
        true
      default: false
      }
    guard !isFit else { return true }
    let hint: String? = type == .money ? "say .amount or .currency" : nil
    findings.report(
      .invalidExpression, "\(place): \(aggregate.map { "\($0.rawValue) of " } ?? "")\(type) cannot be told", at: node.mark, suggestion: hint
    )
    return false
  }

  private func unsupported(_ error: ExpressionError, _ node: YAMLNode, _ place: String) {
    findings.report(
      .invalidExpression, "\(place): \(error.message)", at: findings.mark(of: node, utf8Offset: error.offset), suggestion: error.suggestion)
  }

  private func checkColumns(_ query: NamedQuery) {
    guard let select = node["select"] else {
      return findings.report(.missingKey, "\(name) needs the key \"select\": what is told", at: member.key.mark)
    }
    let groups = Set((node["group"]?.members ?? []).map(\.key.text))
    let told = query.columns.filter { column in
      !groups.contains(column.name) && select.members.contains { $0.key.text == column.name }
    }
    guard told.contains(where: { $0.aggregate != nil }) || query.isGrouped else { return }
    for column in told where column.aggregate == nil {
      findings.report(
        .contradiction, "\(name).select.\(column.name) is not the same for all records of a group",
        at: select[column.name]?.mark ?? select.mark, suggestion: "put it under group, or in sum(), min() or max()")
    }
  }

  func readSort(_ names: [String], into query: inout NamedQuery) {
    for item in node["sort"]?.oneOrMany ?? [] {
      guard let text = item.string else { continue }
      let key = text.hasPrefix("-") ? String(text.dropFirst()) : text
      guard names.contains(key) else {
        findings.report(
          .unknownField, "\(name).sort: the query has no \"\(key)\"", at: item.mark, suggestion: Suggestion.question(key, in: names))
        continue
      }
      query.sort.append(.init(column: key, isDescending: text.hasPrefix("-")))
    }
  }

  // MARK: What a caller may not see

  /// A query tells its callers what is made of every field that it names, so each of them must be one that they may all see; and
  /// amounts of different currencies make no sum.
  private func checkSight(_ query: NamedQuery, _ draft: ResourceDraft) {
    var parts: [(CheckedExpression, YAMLNode)] = []
    if let condition = query.condition, let place = node["where"] { parts.append((condition, place)) }
    for column in query.columns {
      if let expression = column.expression, let place = node["group"]?[column.name] ?? node["select"]?[column.name] {
        parts.append((expression, place))
        if column.aggregate == .sum || column.aggregate == .avg { checkCurrency(expression, column, query, draft, place) }
      }
    }
    for (expression, place) in parts {
      for (resource, field) in expression.root.namedMembers {
        guard let rule = work.reader.draft(resource)?.resource.field(field)?.read, !implies(query.access, rule) else { continue }
        findings.report(
          .invalidExpression, "\(name) speaks of \(resource).\(field), which not all of its callers may read", at: place.mark,
          suggestion: "give the query an access of roles that may read it")
      }
    }
  }

  private func implies(_ access: Access, _ rule: Access) -> Bool {
    switch (access, rule) {
    case (.nobody, _), (_, .anyone), (.authenticated, .authenticated), (.roles, .authenticated): true
    case (.roles(let asked), .roles(let allowed)): asked.allSatisfy(allowed.contains)
    default: false
    }
  }

  private func checkCurrency(
    _ expression: CheckedExpression, _ column: NamedQuery.Column, _ query: NamedQuery, _ draft: ResourceDraft, _ place: YAMLNode
  ) {
    for path in expression.root.amountPaths {
      let currency = path.dropLast() + ["currency"]
      let isGrouped = query.columns.contains { $0.aggregate == nil && $0.expression?.root.fieldPath == Array(currency) }
      let isOne =
        path.count == 2
        && draft.resource.field(path[0]).map { if case .money(let options) = $0.type { options.currencies.count == 1 } else { false } }
          ?? false
      if !isGrouped, !isOne, query.condition?.root.pins(Array(currency)) != true {
        findings.report(
          .invalidExpression, "\(name).select.\(column.name) adds up amounts of different currencies", at: place.mark,
          suggestion: "group by \(currency.joined(separator: "."))")
      }
    }
  }
}

extension NamedQuery.Parameter {
  fileprivate var expressionMember: ExpressionMember {
    var values: [String]?
    if case .enumeration(let all) = type { values = all }
    return ExpressionMember(
      type.expressionType, isNullable: !isRequired && defaultValue == nil, enumeration: values, canonical: type.canonicalText)
  }
}
