package import Contract
package import Expression

/// What a statement of a named query is made from.
package struct QuerySpecification: Sendable {
  package struct Term: Sendable, Hashable {
    /// A column's number; nil for the key of the record that a row tells of.
    package var column: Int?
    package var isDescending: Bool
    package init(column: Int?, isDescending: Bool) {
      self.column = column
      self.isDescending = isDescending
    }
  }

  package var query: NamedQuery
  /// No two rows are alike in these.
  package var order: [Term]
  /// Over the alias `t`; its slots are numbered from 0, and the columns' own conditions share them.
  package var condition: SQL?
  /// How many slots the condition and the columns take.
  package var slots = 0
  /// Holds for the records that the caller may read.
  package var rule: Predicate?
  /// The page begins beyond a row: which of its order's values are null.
  package var seek: [Bool]?
  package var limit: Int

  package init(_ query: NamedQuery, order: [Term], limit: Int) {
    self.query = query
    self.order = order
    self.limit = limit
  }
}

extension ReadStatements {
  /// The rows of a named query. Captures the values of its order, then how many values could not be computed. Slots: the
  /// specification's, the rule's, the seek's.
  ///
  /// - Throws: what the store cannot be asked, with its place in the column's expression.
  package func telling(_ specification: QuerySpecification, compiler: PredicateCompiler) throws(ExpressionError) -> ReadStatement {
    let query = specification.query
    var writer = PredicateWriter(compiler, row: RowPlace(table: table, alias: "t"))
    var told: [ToldColumn] = []
    for column in query.columns { told.append(try writer.told(column)) }
    var builder = StatementBuilder()
    builder.slots = specification.slots
    builder.text("SELECT ")
    builder.list(told.indices) { $0.column(ToldColumn.name($1)) }
    let key = table.key[0]
    let hasKey = specification.order.contains { $0.column == nil }
    builder.text(hasKey ? ", t.\"k\", t.\"f\" FROM (SELECT " : ", t.\"f\" FROM (SELECT ")
    for (place, column) in told.enumerated() {
      builder.append(column.sql)
      builder.text(" AS ")
      builder.identifier(ToldColumn.name(place))
      builder.text(", ")
    }
    if hasKey {
      builder.value(key)
      builder.text(" AS \"k\", ")
    }
    builder.failures(told.compactMap(\.success), isSummed: query.isGrouped || query.isTotal)
    builder.text(" AS \"f\" FROM ")
    builder.table(table)
    builder.text(" AS t")
    builder.told(specification, of: table)
    if query.isGrouped {
      builder.text(" GROUP BY ")
      builder.list(query.columns.indices.filter { query.columns[$0].aggregate == nil }) { $0.number($1 + 1) }
    }
    builder.text(") AS t")
    let order = specification.order.map { term in
      let column =
        term.column.map { ColumnLayout(name: ToldColumn.name($0), kind: told[$0].kind, isNullable: query.columns[$0].isNullable) }
        ?? ColumnLayout(name: "k", kind: key.kind, isNullable: false)
      return OrderTerm(column: column, isDescending: term.isDescending)
    }
    if let nulls = specification.seek {
      builder.text(" WHERE ")
      builder.seek(order, nulls: nulls)
    }
    if !order.isEmpty { builder.order(order, dialect: dialect) }
    builder.text(" LIMIT ")
    builder.number(specification.limit)
    let fields = told.indices.map { place in
      RowEncoding.Field(
        key: Array("\"\(query.columns[place].name)\":".utf8), column: place, content: .scalar(told[place].kind))
    }
    var captures = zip(specification.order, order).map { term, order in
      RowEncoding.Capture(column: term.column ?? told.count, kind: order.layout.kind)
    }
    captures.append(RowEncoding.Capture(column: told.count + (hasKey ? 1 : 0), kind: .integer))
    return ReadStatement(
      prepared: builder.prepared(for: dialect), encoding: RowEncoding(fields: fields, captures: captures),
      rowsMax: specification.limit)
  }
}

/// A column as SQL.
private struct ToldColumn {
  var sql: SQL
  let kind: ColumnKind
  /// True where the value of one record could be computed; nil where it always can.
  let success: SQL?

  static func name(_ place: Int) -> String { "c\(place)" }
}

extension PredicateWriter {
  fileprivate mutating func told(_ column: NamedQuery.Column) throws(ExpressionError) -> ToldColumn {
    guard let root = column.expression?.root else { return ToldColumn(sql: SQL("count(*)"), kind: .integer, success: nil) }
    let value = try finished(try scalar(root))
    guard !value.isMicroseconds else { throw refused("a calculation of times", root) }
    var inner = value.sql
    if !isSQLite, value.kind == .text { inner = SQL("(") + inner + SQL(") COLLATE \"C\"") }
    // A null is told as null; what a calculation could not come to would be missing from a sum, and nobody would know.
    let success = root.calculates ? value.success.map { SQL("(") + $0 + SQL(")") } : nil
    func call(_ function: SQL) -> SQL { function + SQL("(") + inner + SQL(")") }
    switch column.aggregate {
    case nil: return ToldColumn(sql: inner, kind: value.kind, success: success)
    case .count?: return ToldColumn(sql: call(SQL("count")), kind: .integer, success: success)
    case .min?: return ToldColumn(sql: call(SQL("min")), kind: value.kind, success: success)
    case .max?: return ToldColumn(sql: call(SQL("max")), kind: value.kind, success: success)
    case .sum?: return ToldColumn(sql: try sum(call(SQL("sum")), value.kind, root), kind: value.kind, success: success)
    case .avg?:
      var sql = call(SQL("avg"))
      if isSQLite, case .decimal(let scale) = value.kind {
        sql = SQL("(") + sql + SQL(" / 1")
        for _ in 0..<scale { sql.append("0") }
        sql.append(".0)")
      }
      if !isSQLite { sql = sql + SQL("::double precision") }
      return ToldColumn(sql: sql, kind: .number, success: success)
    }
  }

  /// PostgreSQL adds numbers of any size; what does not fit is an error on both stores.
  private func sum(_ sql: SQL, _ kind: ColumnKind, _ node: ExpressionNode) throws(ExpressionError) -> SQL {
    switch kind {
    case .integer: return isSQLite ? sql : sql + SQL("::bigint")
    case .decimal(let scale):
      if isSQLite { return sql }
      var cast = sql + SQL("::numeric(18,")
      cast.append(scale)
      cast.append(")")
      return cast
    case .number: return sql
    default: throw refused("a sum of a column that is stored so", node)
    }
  }
}

extension StatementBuilder {
  /// Records that count.
  fileprivate mutating func told(_ specification: QuerySpecification, of table: TableLayout) {
    var separator: StaticString = " WHERE "
    func next(_ builder: inout StatementBuilder) {
      builder.text(separator)
      separator = " AND "
    }
    if table.mayLackKey {
      next(&self)
      keyIsThere(table.key)
    }
    if let deletion = table.deletion {
      next(&self)
      column(deletion.name)
      text(" IS NULL")
    }
    if let condition = specification.condition {
      next(&self)
      text("(")
      append(condition)
      text(")")
    }
    if let rule = specification.rule {
      next(&self)
      predicate(rule)
    }
  }

  /// How many values could not be computed.
  fileprivate mutating func failures(_ successes: [SQL], isSummed: Bool) {
    guard !successes.isEmpty else { return text("0") }
    text(isSummed ? "sum(CASE WHEN " : "CASE WHEN ")
    list(successes, separator: " AND ") { $0.append($1) }
    text(isSummed ? " THEN 0 ELSE 1 END)" : " THEN 0 ELSE 1 END")
  }
}
