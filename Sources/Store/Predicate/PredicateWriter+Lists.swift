import Base
import Expression

extension PredicateWriter {
  /// A list in a JSON column or parameter.
  struct ListSource {
    /// The JSON itself.
    var source: SQL
    /// Whether it may be NULL, which is an error.
    var mayBeNull: Bool
    var kind: ColumnKind
    /// How PostgreSQL reads an element, which comes as text.
    var cast: SQL?
  }

  mutating func list(_ node: ExpressionNode) throws(ExpressionError) -> ListSource {
    guard case .list(let element) = node.type else { throw refused("this as a list", node) }
    let (kind, cast): (ColumnKind, SQL?)
    switch element {
    case .string: (kind, cast) = (.text, nil)
    case .integer: (kind, cast) = (.integer, SQL("::bigint"))
    case .number: (kind, cast) = (.number, SQL("::double precision"))
    case .boolean: (kind, cast) = (.boolean, SQL("::boolean"))
    default: throw refused("a list whose elements are \(element)", node)
    }
    let value = try scalar(node)
    guard value.kind == .json else { throw refused("a list that is stored so", node) }
    var source = value.sql
    if value.hasForeignCollation {
      // Somebody else's column may hold something else, which would end the statement.
      source =
        isSQLite
        ? SQL("CASE WHEN json_valid(") + source + SQL(") AND json_type(") + source + SQL(") = 'array' THEN ") + source + SQL(" END")
        : whole(source, of: kind)
    }
    return ListSource(source: source, mayBeNull: value.mayBeNull || value.hasForeignCollation, kind: kind, cast: cast)
  }

  /// PostgreSQL: a list of which every element is of the kind; NULL for what is none, or holds anything else: an element that
  /// cannot be cast would end the statement.
  private mutating func whole(_ source: SQL, of kind: ColumnKind) -> SQL {
    let alias = SQL(identifier: newAlias())
    let element = alias + SQL(".value")
    func isOf(_ type: StaticString) -> SQL { SQL("jsonb_typeof(") + element + SQL(") = '") + SQL(type) + SQL("'") }
    let fits: SQL =
      switch kind {
      case .integer: isOf("number") + SQL(" AND ") + element + SQL("::text ~ '^-?[0-9]{1,18}$'")
      // A number without bounds has no exponent in its text; 300 digits are always in range.
      case .number: isOf("number") + SQL(" AND length(") + element + SQL("::text) <= 300")
      case .boolean: isOf("boolean")
      default: isOf("string")
      }
    return SQL("CASE WHEN jsonb_typeof(") + source + SQL(") = 'array' THEN CASE WHEN NOT EXISTS (SELECT 1 FROM jsonb_array_elements(")
      + source + SQL(") ") + alias + SQL("(value) WHERE NOT (") + fits + SQL(")) THEN ") + source + SQL(" END END")
  }

  /// `FROM json_each(...) m` and one of its elements.
  private mutating func elements(_ list: ListSource) -> (from: SQL, element: Scalar) {
    let alias = newAlias()
    var from = SQL(isSQLite ? " FROM json_each(" : " FROM jsonb_array_elements_text(") + list.source + SQL(") ")
    from.append(identifier: alias)
    if !isSQLite { from.append("(value)") }
    var element = SQL()
    element.append(identifier: alias)
    element.append(".value")
    if let cast = list.cast, !isSQLite { element.append(cast) }
    return (from, Scalar(element, list.kind))
  }

  /// Where `value in list` is `wanted`.
  mutating func membership(
    _ value: ExpressionNode, _ list: ExpressionNode, _ wanted: Bool, _ node: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition {
    if isFailure(value) || isFailure(list) { return .never }
    if case .list(let items) = list.kind { return try membership(value, items, wanted, node) }
    if list.isCollection {
      let rows = try collection(list, isHeld: wanted)
      guard rows.place.table.key.count == 1 else { throw refused("a key of several columns", node) }
      let id = Scalar(rows.place.value(rows.place.table.key[0]), rows.place.table.key[0].kind)
      return try membership(value, id, rows.from, row: rows.place, parent: rows.parent, wanted, node)
    }
    let source = try self.list(list)
    let (from, element) = elements(source)
    return try membership(value, element, from, row: nil, parent: source.mayBeNull ? source.source : nil, wanted, node)
  }

  /// Among the rows of a subquery. Elements are never null.
  private mutating func membership(
    _ value: ExpressionNode, _ element: Scalar, _ from: SQL, row: RowPlace?, parent: SQL?, _ wanted: Bool, _ node: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition {
    var conditions: [SQLCondition] = []
    if let parent, !wanted { conditions.append(.sql(SQL("(") + parent + SQL(") IS NOT NULL"))) }
    if isNull(value) { return wanted ? .never : .all(conditions) }
    let candidate: Scalar
    if isParameter(value) {
      candidate = try parameter(value, like: element)
    } else {
      candidate = try unified(try finished(try scalar(value)), element, node).0
    }
    if wanted, let row, compiler.locks {
      return .sql(SQL("EXISTS (SELECT 1") + from + SQL(" AND ") + element.sql + SQL(" = ") + candidate.sql + lock([row]) + SQL(")"))
    }
    let set = SQL(" (SELECT ") + element.sql + from + SQL(")")
    if wanted { return .sql(candidate.sql + SQL(" IN") + set) }
    let absent = SQLCondition.sql(candidate.sql + SQL(" NOT IN") + set)
    if candidate.isNullable {
      conditions.append(.any([.sql(candidate.sql + SQL(" IS NULL")), absent]))
    } else {
      conditions.append(absent)
    }
    // Against no rows at all even NULL is absent.
    if let success = candidate.success { conditions.append(.sql(success)) }
    return .all(conditions)
  }

  /// Among written elements.
  private mutating func membership(
    _ value: ExpressionNode, _ items: [ExpressionNode], _ wanted: Bool, _ node: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition {
    var conditions: [SQLCondition] = []
    // Every element is evaluated, and the value too, even where the list is empty.
    for operand in items + [value] where !isPlain(operand) {
      if isFailure(operand) { return .never }
      if operand.type == .money { continue }
      if let success = try finished(try scalar(operand)).success { conditions.append(.sql(success)) }
    }
    if let plain = try plainMembership(value, items, wanted) {
      conditions.append(plain)
      return .all(conditions)
    }
    var matches: [SQLCondition] = []
    for item in items { matches.append(try equality(value, item, wanted, node)) }
    conditions.append(wanted ? .any(matches) : .all(matches))
    return .all(conditions)
  }

  /// `x IN (?, ?)` where all elements are parameters.
  private mutating func plainMembership(
    _ value: ExpressionNode, _ items: [ExpressionNode], _ wanted: Bool
  ) throws(ExpressionError) -> SQLCondition? {
    guard items.count > 1, !isParameter(value), value.type != .money, value.type != .decimal else { return nil }
    for item in items where !isPlain(item) || isNull(item) { return nil }
    let candidate = try finished(try scalar(value))
    var sql = candidate.sql + SQL(wanted ? " IN (" : " NOT IN (")
    for (place, item) in items.enumerated() {
      if place > 0 { sql.append(", ") }
      sql.append(try parameter(item, like: candidate).sql)
    }
    sql.append(")")
    if candidate.hasForeignCollation, isSQLite, candidate.kind == .text { return nil }
    if wanted || !candidate.isNullable { return .sql(sql) }
    return .any([.sql(candidate.sql + SQL(" IS NULL")), .sql(sql)])
  }

  /// `all`, `exists`, `exists_one`.
  mutating func quantifier(
    _ macro: ExpressionNode.Macro, _ range: ExpressionNode, _ predicate: ExpressionNode, _ wanted: Bool, _ node: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition {
    if isFailure(range) || isNull(range) { return .never }
    let from: SQL
    let parent: SQL?
    let connective: SQL
    var locked: [RowPlace] = []
    var membership: SQL?
    if range.isCollection {
      let rows = try collection(range, isHeld: macro == .exists && wanted)
      locked = [rows.place]
      if compiler.drives, !compiler.locks, let found = node.membership, compiler.layout.finds(found, from: row.table) {
        membership = rows.membership
      }
      (from, parent, connective) = (rows.from, rows.parent, SQL(" AND "))
      variables.append(.row(rows.place))
    } else {
      let source = try list(range)
      let (elements, element) = elements(source)
      (from, parent, connective) = (elements, source.mayBeNull ? source.source : nil, SQL(" WHERE "))
      variables.append(.element(element))
    }
    defer { variables.removeLast() }
    let holds = try condition(predicate, true)
    let fails = try condition(predicate, false)
    let present: SQLCondition = parent.map { .sql(SQL("(") + $0 + SQL(") IS NOT NULL")) } ?? .always

    func rows(_ condition: SQLCondition, _ what: SQL) -> SQL? {
      switch condition {
      case .never: nil
      case .always: what + from
      case .sql(let sql): what + from + connective + sql
      }
    }
    func exists(_ condition: SQLCondition) -> SQLCondition {
      rows(condition, SQL("EXISTS (SELECT 1")).map { .sql($0 + lock(locked) + SQL(")")) } ?? .never
    }
    func none(_ condition: SQLCondition) -> SQLCondition {
      .all([rows(condition, SQL("NOT EXISTS (SELECT 1")).map { .sql($0 + SQL(")")) } ?? .always, present])
    }
    switch (macro, wanted) {
    case (.exists, true):
      guard let membership, case .sql(let sql) = holds else { return exists(holds) }
      return .sql(membership + SQL("(") + sql + SQL("))"))
    case (.exists, false): return none(fails.negated)
    case (.all, true): return none(holds.negated)
    case (.all, false): return exists(fails)
    case (.existsOne, _):
      // An error in any element is one of the whole.
      let errors = SQLCondition.all([holds.negated, fails.negated])
      guard let count = rows(holds, SQL("(SELECT count(*)")) else { return wanted ? .never : none(errors) }
      // The one that is found is held where rows are.
      let witness = wanted && compiler.locks && !locked.isEmpty ? exists(holds) : .always
      return .all([witness, .sql(count + SQL(wanted ? ") = 1" : ") <> 1")), none(errors)])
    }
  }
}
