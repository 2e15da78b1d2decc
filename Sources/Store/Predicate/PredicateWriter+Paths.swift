import Contract
import Expression

extension PredicateWriter {
  /// A ref that is followed: its field, and the table it leads to.
  struct Step {
    let field: FieldLayout
    let table: TableLayout
  }

  /// Where a path leads.
  enum Place {
    /// A row, over refs from one that is at hand.
    case row(RowPlace, [Step])
    case field(RowPlace, [Step], FieldLayout)
    /// The amount (0) or the currency (1) of a money field.
    case part(RowPlace, [Step], FieldLayout, Int)
    case collection(RowPlace, [Step], Collection)
    case element(Scalar)
  }

  func locate(_ node: ExpressionNode) throws(ExpressionError) -> Place {
    switch node.kind {
    case .record: return .row(stored ?? row, [])
    case .input: return .row(row, [])
    case .variable(let level):
      guard level < variables.count else { throw refused("this variable", node) }
      switch variables[level] {
      case .row(let place): return .row(place, [])
      case .element(let scalar): return .element(scalar)
      }
    case .member(let base, let name): return try member(try locate(base), name, node)
    default: throw refused("a member of a computed value", node)
    }
  }

  private func member(_ base: Place, _ name: String, _ node: ExpressionNode) throws(ExpressionError) -> Place {
    switch base {
    case .row(let row, let steps):
      let table = steps.last?.table ?? row.table
      if let collection = table.collections.first(where: { $0.name == name }) { return .collection(row, steps, collection) }
      guard let field = table.field(name) else { throw refused("\"\(name)\" of \(table.resource)", node) }
      // A ref holds the id of what it leads to.
      if name == "id", let last = steps.last { return .field(row, Array(steps.dropLast()), last.field) }
      return .field(row, steps, field)
    case .field(let row, let steps, let field):
      if let reference = field.reference, let table = compiler.layout[reference.resource], table.key.count == 1 {
        return try member(.row(row, steps + [Step(field: field, table: table)]), name, node)
      }
      if field.columns.count == 2, case .money = field.content { return .part(row, steps, field, name == "amount" ? 0 : 1) }
      throw refused("\"\(name)\"", node)
    case .part, .collection, .element: throw refused("\"\(name)\"", node)
    }
  }

  /// `"table" "alias"`
  func from(_ row: RowPlace) -> SQL {
    var sql = SQL()
    if let schema = row.table.schema {
      sql.append(identifier: schema)
      sql.append(".")
    }
    sql.append(identifier: row.table.table)
    sql.append(" ")
    sql.append(identifier: row.alias)
    return sql
  }

  /// Under which condition a related row is there: it is not deleted, and may be seen.
  func visible(_ row: RowPlace) throws(ExpressionError) -> SQL? {
    let living = row.table.deletion.map { row.column($0) + SQL(" IS NULL") }
    guard let visibility = compiler.visibility, let sql = try visibility(row.table.resource, row.alias) else { return living }
    let seen = SQL("(") + sql + SQL(")")
    return living.map { $0 + SQL(" AND ") + seen } ?? seen
  }

  /// A column of the row at the end of the steps; over a ref that is null it is NULL.
  ///
  /// - Parameter isValue: as its kind reads it, not as it lies there.
  mutating func column(
    _ column: ColumnLayout, _ row: RowPlace, _ steps: [Step], isValue: Bool = false
  ) throws(ExpressionError) -> SQL {
    func selected(_ row: RowPlace) -> SQL { isValue ? row.value(column) : row.column(column) }
    guard let first = steps.first else { return selected(row) }
    var places: [RowPlace] = []
    for step in steps { places.append(RowPlace(table: step.table, alias: newAlias())) }
    guard let last = places.last else { return selected(row) }
    var sql = SQL("(SELECT ") + selected(last) + SQL(" FROM ") + from(places[0])
    for place in 1..<places.count {
      sql = sql + SQL(" JOIN ") + from(places[place]) + SQL(" ON ") + places[place].column(places[place].table.key[0])
      sql = sql + SQL(" = ") + places[place - 1].column(steps[place].field.columns[0])
    }
    sql = sql + SQL(" WHERE ") + places[0].column(places[0].table.key[0]) + SQL(" = ") + row.column(first.field.columns[0])
    for place in places {
      if let condition = try visible(place) { sql = sql + SQL(" AND ") + condition }
    }
    return sql + lock(places) + SQL(")")
  }

  /// ` FOR SHARE OF m1, m2`, where rows are to be locked: they can be read and referred to, but not changed.
  func lock(_ places: [RowPlace]) -> SQL {
    guard compiler.locks, !isSQLite else { return SQL() }
    var sql = SQL()
    for place in places where place.table.isLockable {
      sql.append(sql.isEmpty ? " FOR SHARE OF " : ", ")
      sql.append(identifier: place.alias)
    }
    return sql
  }

  /// The value at the end of a path.
  mutating func pathScalar(_ node: ExpressionNode) throws(ExpressionError) -> Scalar {
    switch try locate(node) {
    case .element(let scalar): return scalar
    case .row(let row, let steps):
      // A record stands for its id, which the last ref holds.
      if let last = steps.last { return try scalar(last.field.columns[0], row, Array(steps.dropLast())) }
      guard row.table.key.count == 1 else { throw refused("a key of several columns", node) }
      return try scalar(row.table.key[0], row, [])
    case .field(let row, let steps, let field):
      guard field.columns.count == 1 else { throw refused("a value of several columns", node) }
      return try scalar(field.columns[0], row, steps)
    case .part(let row, let steps, let field, let part): return try scalar(field.columns[part], row, steps)
    case .collection: throw refused("a collection as a value", node)
    }
  }

  private mutating func scalar(_ column: ColumnLayout, _ row: RowPlace, _ steps: [Step]) throws(ExpressionError) -> Scalar {
    let table = steps.last?.table ?? row.table
    // What somebody else's table holds is not promised by the contract.
    var scalar = Scalar(
      try self.column(column, row, steps, isValue: true), column.kind,
      isNullable: column.isNullable || !steps.isEmpty || !table.isManaged)
    scalar.hasForeignCollation = !table.isManaged
    if steps.isEmpty, case .text(_, .wider) = column.form { scalar.sought = (row.column(column), column.form) }
    return scalar
  }

  /// The rows of a collection.
  struct CollectionRows {
    let place: RowPlace
    /// `FROM ... WHERE m.order = t.id`
    let from: SQL
    /// The id of the record it belongs to, where that may be null.
    let parent: SQL?
    /// `t.id IN (SELECT m.order FROM ... WHERE ...`, which ends with a condition to come: the same asked from the rows' side.
    let membership: SQL
  }

  /// - Parameter isHeld: what is found there is held, and nothing else counts.
  mutating func collection(_ node: ExpressionNode, isHeld: Bool = false) throws(ExpressionError) -> CollectionRows {
    guard case .collection(let row, let steps, let collection) = try locate(node),
      let table = compiler.layout[collection.resource], let ref = table.field(collection.by)
    else { throw refused("this collection", node) }
    let owner = steps.last?.table ?? row.table
    guard owner.key.count == 1 else { throw refused("a key of several columns", node) }
    let parent: SQL
    if let last = steps.last {
      parent = try column(last.field.columns[0], row, Array(steps.dropLast()))
    } else {
      parent = row.column(owner.key[0])
    }
    if !isHeld, owner.isLockable, row.alias == self.row.alias || row.alias == stored?.alias {
      note(Anchor(table: owner, id: parent, collection: collection, path: [row.alias] + steps.map(\.field.name)))
    }
    let place = RowPlace(table: table, alias: newAlias())
    let source = SQL(" FROM ") + self.from(place) + SQL(" WHERE ")
    var from = source + place.column(ref.columns[0]) + SQL(" = ") + parent
    var membership = parent + SQL(" IN (SELECT ") + place.column(ref.columns[0]) + source
    if let condition = try visible(place) {
      from = from + SQL(" AND ") + condition
      membership = membership + condition + SQL(" AND ")
    }
    return CollectionRows(place: place, from: from, parent: steps.isEmpty ? nil : parent, membership: membership)
  }
}
