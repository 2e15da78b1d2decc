import Base
import Contract
import Identity
import JSON
import Store

/// How one list is read: the index that serves it, what it leaves to filter, and the caller's rule.
struct ListPlan {
  var node: ReadNode
  var order: [OrderTerm]
  var specification: ListSpecification
  var equalValues: [Value]
  var seekValues: [Value] = []
  var driveValues: [Value] = []
  var filterValues: [Value]
  /// Conditions among the filters and the drive, for the cache.
  var extra: [Condition.Key]
  /// The fields whose equality is a filter.
  var filteredFields: [String]
  var isBackward = false
  var search: WordSearch.Form?
  /// No index leads to what the caller's rule lets it see: rows are looked at in the list's order, under the budget.
  var isRuleScanned = false

  var key: ListKey {
    ListKey(
      equal: specification.equalities.map(\.column.name) + ["|"] + filteredFields, nulls: specification.equalities.map(\.isNull),
      order: specification.order, seek: specification.seek, isBounded: specification.isBounded, limit: specification.limit,
      budget: specification.budget, isDriven: specification.drive != nil, which: specification.which, search: search)
  }

  /// Rows of the caller's own that are read before a page where nothing else leads to it, in budgets.
  static let budgetsPassedMax = 10

  var slots: [Value] { node.slots + equalValues + seekValues + driveValues + filterValues }
  var countSlots: [Value] { equalValues + seekValues + driveValues + filterValues }
}

extension Engine {
  /// `GET /v1/RESOURCE`
  func readList(_ operation: Operation, plan: ResourcePlan) async throws(Failure) -> Answer {
    let facts = Facts(caller: operation.caller, context: operation.context)
    let grant = plan.read.grant(facts)
    guard !grant.isNever else {
      throw denied(facts, else: Failure(.forbidden, "You may not read \(plan.resource.name)"))
    }
    var fetcher = Fetcher(engine: self, place: operation.context.place)
    let key = KnownList.Key(plan, grant, operation.parameters)
    if let key, let known = lists.value(for: key) {
      let rows = try await fetcher.read(known.query)
      return try pageAnswer(known.form, Fetched(node: known.node, rows: rows), operation, plan: plan, statements: fetcher.statements)
    }
    guard case .list(let parameters) = operation.action else { throw Failure(.internal, "") }
    let visibility = plan.visibility(facts)
    let members = visibility.places.filter(visibility.shows).map { plan.table.fields[$0].name }
    let request = try ListRequest(
      parameters, isLenient: operation.isLenient, plan: plan, contract: contract, members: members
    ) { self.visibleMembers(of: $0, facts) }
    let deleted = try deletedSight(parameters.deleted, plan: plan, facts: facts)
    var list = try plannedList(request, filter: parameters.filter, deleted: deleted, plan: plan, facts: facts)
    let form = PageForm(request, parameters, path: "\(prefix.prefix)/\(plan.resource.name)", plan: plan)
    let context = form.context(facts.caller)
    try seek(&list, request, context: context)
    if let key, let query = knownQuery(list, request, plan: plan) {
      lists.insert(KnownList(node: list.node, query: query, form: form), for: key)
    }
    var page = try await page(of: list, limit: request.limit, fetcher: &fetcher)
    if page == nil, list.specification.drive != nil {
      // More rows than the budget are this caller's, or have the words: then the order's own index meets enough of them soon.
      let driven = list
      list = try plannedList(request, filter: parameters.filter, deleted: deleted, plan: plan, facts: facts, mayDrive: false)
      try seek(&list, request, context: context)
      page = try await self.page(of: list, limit: request.limit, fetcher: &fetcher)
      if page == nil, driven.specification.seek != nil, request.search == nil {
        // Except where the last of them lie among too many of others.
        list = driven
        page = try await self.page(of: list, limit: request.limit, passing: ListPlan.budgetsPassedMax, fetcher: &fetcher)
      }
    }
    guard let (fetched, found) = page else { throw tooCostly(plan).counting(fetcher.statements) }
    let hasMore = found > request.limit
    var total: (count: Int64, isCapped: Bool)?
    if request.count != nil { total = try await count(list, fetcher: &fetcher) }
    return try pageAnswer(
      form, fetched, operation, plan: plan, statements: fetcher.statements, hasNext: list.isBackward || hasMore,
      hasPrevious: list.isBackward ? hasMore : request.after != nil, total: total)
  }

  /// A known page is one row longer where there is more.
  private func pageAnswer(
    _ form: PageForm, _ fetched: Fetched, _ operation: Operation, plan: ResourcePlan, statements: Int
  ) throws(Failure) -> Answer {
    guard fetched.rows.count > form.limit else {
      return try pageAnswer(form, fetched, operation, plan: plan, statements: statements, hasNext: false, hasPrevious: false, total: nil)
    }
    var page = fetched
    page.rows.count = form.limit
    return try pageAnswer(form, page, operation, plan: plan, statements: statements, hasNext: true, hasPrevious: false, total: nil)
  }

  private func pageAnswer(
    _ form: PageForm, _ fetched: Fetched, _ operation: Operation, plan: ResourcePlan, statements: Int, hasNext: Bool,
    hasPrevious: Bool, total: (count: Int64, isCapped: Bool)?
  ) throws(Failure) -> Answer {
    var answer = Answer(.ok)
    answer.statements = statements
    let context = hasNext || hasPrevious ? form.context(operation.caller) : []
    let next = hasNext ? cursor(fetched, row: fetched.rows.count - 1, context: context) : nil
    let previous = hasPrevious ? cursor(fetched, row: 0, context: context) : nil
    var text = AnswerText(memory)
    try append(fetched, next: next, previous: previous, limit: form.limit, total: total, to: &text)
    (answer.body, answer.lease) = text.taken()
    if let next { answer.links.append(("next", form.target + "after=" + next)) }
    if let previous { answer.links.append(("prev", form.target + "before=" + previous)) }
    answer.etag = tags.weak(tags.variant(of: answer.body, coding: operation.context.contentCoding))
    applyConditions(&answer, operation, plan: plan)
    return answer
  }

  /// The query of a list that every caller who may read everything is answered with, as long as nothing is to be scanned.
  private func knownQuery(_ list: ListPlan, _ request: ListRequest, plan: ResourcePlan) -> Query? {
    guard list.specification.filters.isEmpty, list.specification.drive == nil, list.specification.seek == nil, request.count == nil,
      list.node.relations.isEmpty
    else { return nil }
    return pageStatement(list).query(list.slots)
  }

  func pageStatement(_ list: ListPlan) -> ReadStatement {
    statement(list.node, kind: .list(list.key), order: list.order, extra: list.extra) { list.node.plan.reads.list(list.specification) }
  }

  /// The page, and how many rows were found, which is one more where others follow; nil where the row budget was spent before the page
  /// was full.
  ///
  /// - Parameter budgets: what drives a list finds all of its rows, those before the cursor too: so many times the budget, at most.
  private func page(
    of list: ListPlan, limit: Int, passing budgets: Int = 1, fetcher: inout Fetcher
  ) async throws(Failure) -> (Fetched, Int)? {
    let (stride, isBackward) = (list.node.captures.stride, list.isBackward)
    let kept = { @Sendable (rows: Rows) throws(Failure) -> Rows in
      // A page before a cursor is turned round, in a copy.
      if isBackward, let lease = rows.lease, !lease.resize(to: lease.bytes * 2) { throw .memory }
      return rows.page(min(rows.count, limit), capturesPerRow: stride, reversed: isBackward)
    }
    let isDriven = list.specification.drive != nil
    if isDriven, list.specification.seek != nil {
      var whole = list
      whole.specification.seek = nil
      whole.seekValues = []
      let rowsMax = list.specification.budget * budgets
      guard try await counted(whole, limit: rowsMax, scanned: true, fetcher: &fetcher) < Int64(rowsMax) else { return nil }
      if budgets == 1 { return try await fetcher.read(list.node, pageStatement(list).query(list.slots), keeping: kept) }
    }
    let page = try await fetcher.read(list.node, pageStatement(list).query(list.slots), keeping: kept)
    guard !list.specification.filters.isEmpty || isDriven, isDriven || page.found < list.specification.limit else { return page }
    let scanned = try await counted(list, limit: list.specification.budget, scanned: true, fetcher: &fetcher)
    return scanned < Int64(list.specification.budget) ? page : nil
  }

  func counted(_ list: ListPlan, limit: Int, scanned: Bool, fetcher: inout Fetcher) async throws(Failure) -> Int64 {
    let plan = list.node.plan
    let statement = statement(list.node, kind: .count(list.key, scanned: scanned, limit: limit), extra: list.extra) {
      plan.reads.count(list.specification, limit: limit, scanned: scanned)
    }
    let rows = try await fetcher.read(statement.query(list.countSlots))
    if case .integer(let count)? = rows.captured.first { return count }
    return 0
  }

  /// Rows of the whole list, up to 10,000.
  private func count(_ list: ListPlan, fetcher: inout Fetcher) async throws(Failure) -> (Int64, Bool) {
    var whole = list
    whole.specification.seek = nil
    whole.seekValues = []
    let limit = 10_000
    let found = try await counted(whole, limit: limit + 1, scanned: false, fetcher: &fetcher)
    if found > Int64(limit) { return (Int64(limit), true) }
    guard !whole.specification.filters.isEmpty || whole.specification.drive != nil else { return (found, false) }
    let budget = whole.specification.budget
    return (found, try await counted(whole, limit: budget, scanned: true, fetcher: &fetcher) >= Int64(budget))
  }

  private func tooCostly(_ plan: ResourcePlan) -> Failure {
    Failure(
      .tooCostly,
      """
      More than \(plan.resource.scanMax) rows would have to be looked at; narrow the list by an indexed field, or add an index \
      to \(plan.resource.name) under indexes: in the contract
      """)
  }

  // MARK: Cursors and the page

  private func cursor(_ fetched: Fetched, row: Int, context: [UInt8]) -> String? {
    // A page may be empty: what followed the cursor is gone.
    guard row >= 0, row < fetched.rows.count else { return nil }
    return Cursor(values: Array(fetched.captured(row, fetched.node.captures.order))).sealed(with: cursorKey, context: context)
  }

  private func seek(_ list: inout ListPlan, _ request: ListRequest, context: [UInt8]) throws(Failure) {
    guard let text = request.after ?? request.before else { return }
    guard let cursor = Cursor(text, with: cursorKey, context: context), cursor.values.count == list.order.count else {
      throw Failure.badCursor(
        "The cursor is not one of this list, its sort, its filter and this caller; begin again without it",
        parameter: request.after == nil ? "before" : "after", "is not a cursor of this list")
    }
    list.specification.seek = cursor.values.map(\.isNull)
    list.seekValues = cursor.values
    list.isBackward = request.before != nil
    if list.isBackward {
      for place in list.specification.order.indices { list.specification.order[place].isDescending.toggle() }
    }
  }

  private func append(
    _ fetched: Fetched, next: String?, previous: String?, limit: Int, total: (count: Int64, isCapped: Bool)?, to text: inout AnswerText
  ) throws(Failure) {
    try text.reserve(fetched.rows.json.count + fetched.rows.count * 2 + 256)
    text.bytes.append("{\"data\":[")
    for row in 0..<fetched.rows.count {
      if row > 0 { text.bytes.append(UInt8(ascii: ",")) }
      try fetched.append(row, to: &text, origin: prefix)
    }
    appendPage(limit: limit, next: next, previous: previous, to: &text.bytes)
    if let total {
      text.bytes.append(",\"total\":")
      text.bytes.append(decimal: total.count)
      if total.isCapped { text.bytes.append(",\"capped\":true") }
    }
    text.bytes.append("}}")
  }
}

extension Engine {
  /// What follows a page's rows, without its last braces.
  func appendPage(limit: Int, next: String?, previous: String?, to out: inout [UInt8]) {
    out.append("],\"page\":{\"limit\":")
    out.append(decimal: UInt64(limit))
    for (name, cursor) in [("next", next), ("previous", previous)] {
      out.append(UInt8(ascii: ","))
      out.appendJSONKey(name)
      if let cursor { out.appendJSON(string: cursor) } else { out.appendJSON() }
    }
  }
}

/// What the answers of one list have in common, whatever page it is and whoever asks.
struct PageForm: Sendable {
  let limit: Int
  /// What links to its other pages begin with: RFC 8288 targets with the request's other parameters, up to the cursor's name.
  let target: String
  /// What its cursors are bound to, before the caller.
  private let contextStart: [UInt8]

  init(_ request: ListRequest, _ parameters: ListParameters, path: String, plan: ResourcePlan) {
    limit = request.limit
    contextStart = Array("\(plan.resource.name)|\(request.identity)|".utf8)
    var target = path + "?"
    for (name, value) in [
      ("limit", parameters.limit), ("sort", parameters.sort), ("filter", parameters.filter), ("fields", parameters.fields),
      ("include", parameters.include), ("count", parameters.count), ("search", parameters.search), ("deleted", parameters.deleted),
    ] {
      if let value { target += name + "=" + PercentEncoding.query(value) + "&" }
    }
    for (name, value) in parameters.equals { target += PercentEncoding.query(name) + "=" + PercentEncoding.query(value) + "&" }
    self.target = target
  }

  /// What a cursor of this list is bound to for that caller.
  func context(_ caller: Caller) -> [UInt8] {
    var context = contextStart
    if let id = caller.id { id.append(to: &context) } else { context.append(UInt8(ascii: "-")) }
    return context
  }
}

/// A first page that is the same statement with the same values for everyone who may read all of a resource: found by the
/// identity of its parameters, without reading them again.
final class KnownList: Sendable {
  struct Key: Hashable, Sendable {
    let resource: Int
    let parameters: ParameterIdentity

    /// Nil where the list depends on more: the caller, or parameters that nobody keeps.
    init?(_ plan: ResourcePlan, _ grant: Grant, _ parameters: ParameterIdentity?) {
      guard let parameters, parameters.isPlain, grant.isAlways, plan.restrictedReads.isEmpty else { return nil }
      resource = plan.number
      self.parameters = parameters
    }
  }

  let node: ReadNode
  let query: Query
  let form: PageForm

  init(node: ReadNode, query: Query, form: PageForm) {
    self.node = node
    self.query = query
    self.form = form
  }
}
