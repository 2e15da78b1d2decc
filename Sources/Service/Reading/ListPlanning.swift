import Base
import Contract
import Store

extension Engine {
  /// Chooses the index, the filters under the budget and the way the caller's rule is applied.
  func plannedList(
    _ request: ListRequest, filter text: String?, deleted: DeletedSight? = nil, plan: ResourcePlan, facts: Facts, mayDrive: Bool = true
  ) throws(Failure) -> ListPlan {
    let which = deleted == nil ? Standing.living : .all
    let filter = try text.map { (text: String) throws(Failure) in try self.filter(text, plan: plan, facts: facts) }
    var equal: [(field: String, value: Value)] = request.equalities
    for equality in filter?.equalities ?? [] where !equal.contains(where: { $0.field == equality.field }) { equal.append(equality) }
    let grant = plan.read.grant(facts)
    // A rule such as `record.user == caller.id` is an equality like any other, as far as indexes go.
    let ruled = (grant.condition?.equalities ?? []).filter { ruled in !equal.contains { $0.field == ruled.field } }
    let candidates = equal + ruled
    guard
      let choice = IndexChoice.best(
        equal: Set(candidates.map(\.field)), order: request.order, keyDescending: request.keyDescending,
        indexes: plan.table.indexes(among: which))
    else { throw notSortable(request, equal: equal.map(\.field), among: which, plan: plan) }

    let order = orderTerms(request, plan: plan)
    let node = try ReadNode(plan, selection: request.selection, engine: self, facts: facts, role: .list, order: order)
    var specification = ListSpecification(projection: node.projection, order: order, limit: request.limit + 1)
    specification.which = which
    specification.budget = plan.resource.scanMax
    var list = ListPlan(
      node: node, order: order, specification: specification, equalValues: [], filterValues: [], extra: [], filteredFields: [])
    // Where words lead to the rows, the order's index only says what may be asked for.
    let isFound = request.search != nil && mayDrive
    for (field, value) in candidates {
      guard let layout = plan.table.field(field) else { continue }
      let isServed = choice.equal.contains(field)
      guard isServed || request.equalities.contains(where: { $0.field == field }) else { continue }
      if !isServed { try checkFilterable(field, plan: plan) }
      list.add(layout, value, isServed: isServed && !isFound)
    }
    if let search = request.search { list.add(search, isDriving: isFound, plan: plan, dialect: store.dialect) }
    if let filter { try apply(filter, sight: sight(of: filter, plan: plan, facts: facts), choice: choice, served: candidates, to: &list) }
    if let gone = try deleted.flatMap({ sight throws(Failure) in try sight.predicate(on: plan.table, engine: self) }) {
      list.specification.filters.append(gone.predicate)
      list.filterValues.append(contentsOf: gone.values)
    }
    list.extra.append(contentsOf: deleted?.conditions ?? [])
    if let condition = grant.condition {
      // No index leads from a rule to the deleted.
      let mayDrive = mayDrive && deleted == nil && request.search == nil
      try apply(condition, choice: choice, ruled: ruled, mayDrive: mayDrive, to: &list)
    }
    return list
  }

  /// The filter as a predicate, unless it says no more than the equalities that the index serves.
  private func apply(
    _ filter: ListFilter, sight: [SightRule], choice: IndexChoice, served: [(field: String, value: Value)], to list: inout ListPlan
  ) throws(Failure) {
    switch filter.grant {
    case .always: break
    case .never:
      list.specification.filters.append(Predicate.never)
      list.filteredFields.append("!")
    case .when(let condition):
      // A field may be compared twice, with two values, of which the index serves one.
      let isServed = filter.equalities.allSatisfy { equality in
        choice.equal.contains(equality.field) && served.contains { $0.field == equality.field && $0.value == equality.value }
      }
      if filter.isOnlyEqualities, isServed { return }
      let made: (predicate: Predicate, values: [Value])
      do {
        made = try filterPredicate(condition, sight: sight, on: list.node.plan.table)
      } catch {
        // What a caller writes is the caller's to mend, however late it shows.
        throw Failure.parameter("filter", "it cannot be asked of the store")
      }
      list.specification.filters.append(made.predicate)
      list.filterValues.append(contentsOf: made.values)
      list.extra.append(condition.key)
      list.extra.append(contentsOf: sight.map(\.condition.key))
    }
  }

  private func apply(
    _ condition: Condition, choice: IndexChoice, ruled: [(field: String, value: Value)], mayDrive: Bool, to list: inout ListPlan
  ) throws(Failure) {
    if condition.isOnlyEqualities,
      condition.equalities.allSatisfy({ equality in
        choice.equal.contains(equality.field) && ruled.contains { $0.field == equality.field }
      })
    {
      return
    }
    list.extra.append(condition.key)
    let isServed = ruled.contains { choice.equal.contains($0.field) }
    if mayDrive, !isServed, let driver = try driver(condition, on: list.node.plan.table) {
      list.specification.drive = driver
      list.driveValues = condition.values
      if condition.isOneConjunct { return }
    } else if !isServed {
      list.isRuleScanned = true
    }
    // Past what the index finds the rule is a filter: the rows that it leaves out count against the budget too.
    let made = try predicate(condition, on: list.node.plan.table)
    list.specification.filters.append(made.predicate)
    list.filterValues.append(contentsOf: made.values)
  }

  /// The whole order: the request's fields, then the key in the direction of the last one.
  private func orderTerms(_ request: ListRequest, plan: ResourcePlan) -> [OrderTerm] {
    var terms: [OrderTerm] = []
    for term in request.order {
      for column in plan.table.field(term.field)?.columns ?? [] {
        terms.append(OrderTerm(column: column, isDescending: term.isDescending))
      }
    }
    for column in plan.table.key where !terms.contains(where: { $0.column == column.name }) {
      terms.append(OrderTerm(column: column, isDescending: request.keyDescending))
    }
    return terms
  }

  // MARK: What may be filtered and sorted

  /// A field may be filtered where an index begins with it, or the contract lists it under `filterable`.
  func checkFilterable(_ field: String, plan: ResourcePlan) throws(Failure) {
    if field == "id" || field == plan.table.deletion?.name || plan.resource.filterable.contains(field) { return }
    if plan.table.indexes.contains(where: { $0.parts.contains { $0.field == field } }) { return }
    let remedy =
      "add \"index: true\" to \(plan.resource.name).\(field), or \"filterable: [\(field)]\" to \(plan.resource.name), in the contract"
    throw Failure(
      .notFilterable, "\(plan.resource.name) cannot be filtered by \(field): \(remedy)",
      items: [.init(parameter: field, code: FailureCode.notFilterable.rawValue, detail: remedy)])
  }

  private func notSortable(_ request: ListRequest, equal: [String], among which: Standing, plan: ResourcePlan) -> Failure {
    if which == .all, plan.keepsDeleted {
      return Failure(
        .notSortable, "With deleted=include \(plan.resource.name) can be sorted by id alone",
        items: [.init(parameter: "sort", code: FailureCode.notSortable.rawValue, detail: "leave it out, or say id or -id")])
    }
    let parts = IndexChoice.missing(equal: equal, order: request.order)
    let remedy = "add \"indexes: [[\(parts.joined(separator: ", "))]]\" to \(plan.resource.name) in the contract"
    return Failure(
      .notSortable, "No index of \(plan.resource.name) serves this order: \(remedy)",
      items: [.init(parameter: "sort", code: FailureCode.notSortable.rawValue, detail: remedy)])
  }
}

extension ListPlan {
  /// Words find the rows themselves, or are asked of each row that the order's index yields.
  fileprivate mutating func add(_ search: ListRequest.Search, isDriving: Bool, plan: ResourcePlan, dialect: Dialect) {
    guard let index = plan.table.words else { return }
    let words = WordSearch(search.text, in: index, fields: search.fields, budget: specification.budget, dialect: dialect)
    self.search = words.form
    if isDriving {
      (specification.drive, driveValues) = (words.drive.predicate, words.drive.values)
      if specification.which == .living, let living = Predicate.living(in: plan.table) {
        // All that the words find counts against the budget.
        specification.which = .all
        specification.filters.append(living)
      }
    }
    for part in (isDriving ? [] : [words.walk]) + words.filters {
      specification.filters.append(part.predicate)
      filterValues.append(contentsOf: part.values)
    }
  }

  /// An equality: served by the index, or applied to what it yields.
  mutating func add(_ field: FieldLayout, _ value: Value, isServed: Bool) {
    for (column, value) in zip(field.columns, Record.columnValues(value, of: field)) {
      if isServed {
        specification.equalities.append((column, value.isNull))
        if !value.isNull { equalValues.append(value) }
      } else {
        specification.filters.append(Predicate.equals(column))
        filterValues.append(value)
        filteredFields.append(column.name)
      }
    }
  }
}
