import Base
import Contract
import Expression
import Identity
import JSON
import Store

extension Engine {
  /// `GET /v1/queries/NAME`: the rows of a named query, made of the records that the caller may read, or of what its own statement
  /// yields.
  func readQuery(_ operation: Operation, _ parameters: QueryParameters) async throws(Failure) -> Answer {
    guard let named = namedQueries[operation.resource] else { throw Failure(.notFound, "There is no query \(operation.resource)") }
    let query = named.query
    let facts = Facts(caller: operation.caller, context: operation.context)
    guard named.access.grant(facts).isAlways else {
      throw denied(facts, else: Failure(.forbidden, "You may not ask the query \(query.name)"))
    }
    let values = try self.values(parameters, of: query, isLenient: operation.isLenient)
    let limit = try self.limit(parameters.limit, of: query)
    let context = cursorContext(named, values, facts)
    var cursor: Cursor?
    if let text = parameters.after {
      cursor = Cursor(text, with: cursorKey, context: context)
      guard cursor?.values.count == named.order.count, !named.order.isEmpty else {
        throw Failure.badCursor(
          "The cursor is not one of this query, its parameters and this caller; begin again without it", parameter: "after",
          "is not a cursor of this query")
      }
    }
    let rows = try await rows(of: named, values: values, limit: limit, cursor: cursor, facts: facts)
    let captures = named.order.count + 1
    // Of no records there is no count of those that failed.
    for row in 0..<rows.count {
      let failures = rows.captured[row * captures + captures - 1]
      guard !failures.isNull, failures != .integer(0) else { continue }
      throw misfit(failures, named)
    }
    let hasMore = rows.count > limit
    let page = rows.page(min(rows.count, limit), capturesPerRow: captures, reversed: false)
    var next: String?
    if hasMore, page.count > 0 {
      guard query.hasPages else {
        throw Failure(.tooCostly, "The query has more than \(limit) rows; ask it for less by its parameters").counting(1)
      }
      let first = (page.count - 1) * captures
      let last = rows.captured[first..<first + named.order.count]
      if case .written = named.source, last == rows.captured[first + captures..<first + captures + named.order.count] {
        throw Failure.ofStatement("two rows of the query \(query.name) are alike: nothing says where its next page begins")
      }
      next = Cursor(values: Array(last)).sealed(with: cursorKey, context: context)
    }
    return try answer(page, limit: limit, next: next, operation, parameters, query: query)
  }

  private func misfit(_ failures: Value, _ named: NamedQueryPlan) -> Failure {
    guard case .written = named.source else {
      return Failure(.conflict, "A value of the query \(named.query.name) is past the range of its type, or is made of a null").counting(1)
    }
    var column = "a column"
    if case .integer(let number) = failures, let columns = named.query.written?.columns, (1...Int64(columns.count)).contains(number) {
      column = columns[Int(number) - 1].name
    }
    return Failure.ofStatement("\(column) of the query \(named.query.name) has a value that is not of its declared type")
  }

  private func answer(
    _ page: Rows, limit: Int, next: String?, _ operation: Operation, _ parameters: QueryParameters, query: NamedQuery
  ) throws(Failure) -> Answer {
    var answer = Answer(.ok)
    answer.statements = 1
    var text = AnswerText(memory)
    try text.reserve(page.json.count + page.count * 2 + 256)
    text.bytes.append("{\"data\":[")
    for row in 0..<page.count {
      if row > 0 { text.bytes.append(UInt8(ascii: ",")) }
      text.bytes.append(contentsOf: page.json[(row == 0 ? 0 : page.ends[row - 1])..<page.ends[row]])
      text.bytes.append(UInt8(ascii: "}"))
      try text.settle()
    }
    appendPage(limit: limit, next: next, previous: nil, to: &text.bytes)
    text.bytes.append("}}")
    (answer.body, answer.lease) = text.taken()
    if let next {
      var target = "\(prefix.prefix)/queries/\(query.name)?limit=\(limit)&"
      for (name, value) in parameters.values { target += PercentEncoding.query(name) + "=" + PercentEncoding.query(value) + "&" }
      answer.links.append(("next", target + "after=" + next))
    }
    answer.etag = tags.weak(tags.variant(of: answer.body, coding: operation.context.contentCoding))
    applyConditions(&answer, operation, cacheLifetime: query.cacheLifetime)
    return answer
  }

  // MARK: Parameters

  private func values(
    _ parameters: QueryParameters, of query: NamedQuery, isLenient: Bool
  ) throws(Failure) -> [String: Value] {
    var values: [String: Value] = [:]
    for parameter in query.parameters { values[parameter.name] = parameter.defaultValue ?? .null }
    let names = query.parameters.map(\.name) + ["limit", "after"]
    for (name, text) in parameters.values {
      guard let parameter = query.parameter(name) else {
        if isLenient { continue }
        throw Failure.unknownParameter(name.shortened, known: names, "the query takes \(names.joined(separator: ", "))")
      }
      do {
        values[name] = try FieldReader.value(of: text, as: parameter.type)
      } catch {
        throw Failure.parameter(name, error.detail)
      }
    }
    for parameter in query.parameters where parameter.isRequired && values[parameter.name]?.isNull != false {
      throw Failure.parameter(parameter.name, "is required")
    }
    return values
  }

  private func limit(_ text: String?, of query: NamedQuery) throws(Failure) -> Int {
    guard let text else { return query.limit }
    // Which rows the first ones are nobody has said.
    guard query.written == nil || query.hasPages else {
      throw Failure.parameter("limit", "has no meaning: the query has no sort, and is told whole")
    }
    guard let limit = Int(text), !text.hasPrefix("+"), (1...query.limit).contains(limit) else {
      throw Failure.parameter("limit", "must be 1 to \(query.limit)")
    }
    return limit
  }

  /// A cursor is one of these parameters' rows, for that caller.
  private func cursorContext(_ named: NamedQueryPlan, _ values: [String: Value], _ facts: Facts) -> [UInt8] {
    var context = Array("query|\(named.query.name)|".utf8)
    for parameter in named.query.parameters { context += (values[parameter.name] ?? .null).json + [UInt8(ascii: "|")] }
    return context + Array((facts.caller.id?.description ?? "-").utf8)
  }

  // MARK: The statement

  private func rows(
    of named: NamedQueryPlan, values: [String: Value], limit: Int, cursor: Cursor?, facts: Facts
  ) async throws(Failure) -> Rows {
    var query: Query
    switch named.source {
    case .records(let source):
      query = try self.query(of: source, named, values: values, limit: limit, cursor: cursor, facts: facts)
      if let timeout = named.query.timeout { query.apart = .init(timeout: timeout) }
    case .written(let statements):
      query = self.query(of: statements, named, values: values, limit: limit, cursor: cursor, facts: facts)
      query.apart = .init(timeout: named.query.timeout)
    }
    do {
      query.place = facts.context.place
      return try await store.read(query)
    } catch {
      if error.code == .outOfRange {
        throw Failure(.conflict, "A sum of the query \(named.query.name) is past the range of its type").counting(1)
      }
      // The statement tried to change something, and the database did not let it.
      if error.code == .readOnly { throw Failure.ofStatement("the query \(named.query.name): \(error)") }
      throw Failure(error, statements: 1)
    }
  }

  private func query(
    of statements: WrittenStatements, _ named: NamedQueryPlan, values: [String: Value], limit: Int, cursor: Cursor?, facts: Facts
  ) -> Query {
    let key = QueryStatementKey(
      query: named.query.name, outcomes: nil, isNever: false, rule: nil, sight: [], unseen: [], seek: cursor?.values.map(\.isNull),
      limit: limit + 1)
    let statement: ReadStatement
    if let known = queryStatements.value(for: key) {
      statement = known
    } else {
      statement = statements.page(order: named.order, seek: key.seek, limit: key.limit)
      queryStatements.insert(statement, for: key)
    }
    let slots = statements.parameters.map { name in
      switch name {
      case "caller_id": facts.caller(.id) ?? .null
      case "caller_tenant": facts.caller(.tenant) ?? .null
      default: values[name] ?? .null
      }
    }
    return statement.query(slots + (cursor?.values ?? []))
  }

  private func query(
    of source: RecordSource, _ named: NamedQueryPlan, values: [String: Value], limit: Int, cursor: Cursor?, facts: Facts
  ) throws(Failure) -> Query {
    let folded = source.condition.map { $0.folded(QueryFacts(facts: facts, parameters: values)) } ?? .always
    let grant = source.plan.read.grant(facts)
    var sight: [SightRule] = []
    var unseen: [String] = []
    for name in source.related {
      switch plan(of: name)?.read.grant(facts) {
      case .when(let condition)?: sight.append(SightRule(resource: name, condition: condition))
      case .never?: unseen.append(name)
      case .always?, nil: break
      }
    }
    let key = QueryStatementKey(
      query: named.query.name, outcomes: folded.condition?.outcomes, isNever: folded.isNever || grant.isNever,
      rule: grant.condition?.key, sight: sight.map(\.condition.key), unseen: unseen, seek: cursor?.values.map(\.isNull),
      limit: limit + 1)
    let rule = try grant.condition.map { (condition: Condition) throws(Failure) in try predicate(condition, on: source.plan.table) }
    let statement: ReadStatement
    if let known = queryStatements.value(for: key) {
      statement = known
    } else {
      statement = try made(key, source, order: named.order, condition: folded.condition, sight: sight, rule: rule?.predicate)
      queryStatements.insert(statement, for: key)
    }
    let slots = (folded.condition?.values ?? []) + sight.flatMap(\.condition.values)
    return statement.query(slots + (rule?.values ?? []) + (cursor?.values ?? []))
  }

  private func made(
    _ key: QueryStatementKey, _ source: RecordSource, order: [QuerySpecification.Term], condition: Condition?, sight: [SightRule],
    rule: Predicate?
  ) throws(Failure) -> ReadStatement {
    var specification = QuerySpecification(source.query, order: order, limit: key.limit)
    specification.seek = key.seek
    specification.rule = rule
    let own = condition?.plan.slotCount ?? 0
    var rules: [String: (rule: ResidualExpression, firstSlot: Int)] = [:]
    var slots = own
    for rule in sight {
      rules[rule.resource] = (rule.condition.plan.residual(for: rule.condition.outcomes), slots)
      slots += rule.condition.plan.slotCount
    }
    specification.slots = slots
    let plain = PredicateCompiler(layout, dialect: store.dialect)
    var compiler = plain
    if !key.sight.isEmpty || !key.unseen.isEmpty {
      // The rules themselves see everything.
      compiler.visibility = { [rules, unseen = key.unseen] (resource, alias) throws(ExpressionError) in
        if unseen.contains(resource) { return Predicate.never.sql }
        guard let (rule, firstSlot) = rules[resource] else { return nil }
        return try plain.compile(rule, resource: resource, alias: alias).shifted(by: firstSlot)
      }
    }
    do throws(ExpressionError) {
      if key.isNever {
        specification.condition = Predicate.never.sql
      } else if let condition {
        specification.condition = try compiler.compile(
          condition.plan.residual(for: condition.outcomes), resource: source.plan.resource.name)
      }
      return try source.plan.reads.telling(specification, compiler: compiler)
    } catch {
      var failure = Failure(.internal, "Something went wrong on our side; it is in the log under the request's id")
      failure.cause = "the query \(source.query.name) cannot be compiled: \(error)"
      throw failure
    }
  }
}

extension Failure {
  /// What a statement of the contract's own is to blame for.
  fileprivate static func ofStatement(_ cause: String) -> Failure {
    var failure = Failure(.internal, "Something went wrong on our side; it is in the log under the request's id").counting(1)
    failure.cause = cause
    return failure
  }
}

extension AccessRule {
  /// A query's condition under its parameters.
  fileprivate func folded(_ bindings: QueryFacts) -> Grant {
    guard case .rule(let plan) = form else { return .always }
    switch plan.fold(bindings) {
    case .constant(let holds): return holds ? .always : .never
    case .residual(let outcomes, let values): return .when(Condition(rule: self, plan: plan, outcomes: outcomes, values: values))
    }
  }
}

extension NamedQuery {
  /// Why the store cannot be asked it; nil where it can. The name of the part comes first.
  func unsupported(_ layout: Layout, dialect: Dialect) -> (path: [String], error: ExpressionError)? {
    let compiler = PredicateCompiler(layout, dialect: dialect)
    guard let from, let table = layout[from] else { return nil }
    if let condition, let error = compiler.unsupported(condition, resource: from) { return (["where"], error) }
    for column in columns {
      var alone = self
      alone.columns = [column]
      do throws(ExpressionError) {
        _ = try ReadStatements(dialect: dialect, table: table)
          .telling(QuerySpecification(alone, order: [], limit: 1), compiler: compiler)
      } catch {
        return ([column.aggregate == nil && isGrouped ? "group" : "select", column.name], error)
      }
    }
    return nil
  }
}
