package import Base
package import Contract

/// The statements around one that the contract's author wrote (`sql:`). It stands in parentheses, as a table that is read: what is not
/// a reading is an error of syntax there. Its parameters are bound; no value is ever part of a text.
package struct WrittenStatements: Sendable {
  private let query: NamedQuery
  private let written: WrittenQuery
  private let statement: WrittenQuery.Statement
  private let dialect: Dialect
  /// What the slots of a page's statement begin with, by name: a value for each.
  package let parameters: [String]
  private let kinds: [String: ColumnKind]

  /// Nil where the query is not written, or not for that store.
  package init?(_ query: NamedQuery, dialect: Dialect) {
    guard let written = query.written, let statement = dialect == .sqlite ? written.sqlite : written.postgres else { return nil }
    self.query = query
    self.written = written
    self.statement = statement
    self.dialect = dialect
    var kinds: [String: ColumnKind] = ["caller_id": .uuid, "caller_tenant": .text]
    for parameter in query.parameters { kinds[parameter.name] = ColumnKind(parameter.type, encoding: .standard) }
    self.kinds = kinds
    parameters = query.parameters.map(\.name) + WrittenQuery.callerParameters
  }

  /// Where the statement stands.
  package var place: (file: String, line: Int) { (statement.file, statement.line) }

  /// What a page's order can be made of, in the order of the columns.
  package var sortableColumns: [Int] { written.columns.indices.filter { kind(of: $0) != .json } }

  /// Its rows. Captures the values of the order, then the number, from 1, of a column whose value is not of its type; 0 where there is
  /// none. Slots: the parameters', the seek's.
  package func page(order: [QuerySpecification.Term], seek: [Bool]?, limit: Int) -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT ")
    builder.list(written.columns.indices) { $0.column(Self.name($1)) }
    builder.text(", t.\"f\" FROM (SELECT ")
    for (place, column) in written.columns.enumerated() {
      let isText = dialect == .postgres && kind(of: place) == .text
      builder.text(isText ? "(s." : "s.")
      builder.identifier(column.name)
      if isText { builder.text(") COLLATE \"C\"") }
      builder.text(" AS ")
      builder.identifier(Self.name(place))
      builder.text(", ")
    }
    misfits(&builder)
    builder.text(" AS \"f\" FROM ")
    appendStatement(&builder)
    builder.text(" AS s) AS t")
    builder.slots = parameters.count
    let terms = order.compactMap { term in
      term.column.map {
        OrderTerm(column: ColumnLayout(name: Self.name($0), kind: kind(of: $0), isNullable: true), isDescending: term.isDescending)
      }
    }
    if let seek {
      builder.text(" WHERE ")
      builder.seek(terms, nulls: seek)
    }
    if !terms.isEmpty { builder.order(terms, dialect: dialect) }
    builder.text(" LIMIT ")
    builder.number(limit)
    let fields = written.columns.indices.map { place in
      RowEncoding.Field(key: Array("\"\(written.columns[place].name)\":".utf8), column: place, content: .scalar(kind(of: place)))
    }
    var captures = order.compactMap(\.column).map { RowEncoding.Capture(column: $0, kind: kind(of: $0)) }
    captures.append(RowEncoding.Capture(column: written.columns.count, kind: .integer))
    return ReadStatement(
      prepared: builder.prepared(for: dialect), encoding: RowEncoding(fields: fields, captures: captures), rowsMax: limit)
  }

  /// One row with the names of the types that its columns have, without running it; nil for SQLite, where each value has its own. Slots:
  /// the parameters'.
  package func types() -> ReadStatement? {
    guard dialect == .postgres else { return nil }
    var builder = StatementBuilder()
    builder.text("SELECT ")
    builder.list(written.columns) { builder, column in
      builder.text("pg_typeof(s.")
      builder.identifier(column.name)
      builder.text(")::text")
    }
    builder.text(" FROM (SELECT 1) AS one LEFT JOIN ")
    appendStatement(&builder)
    builder.text(" AS s ON false")
    let captures = written.columns.indices.map { RowEncoding.Capture(column: $0, kind: .text) }
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: RowEncoding(fields: [], captures: captures), rowsMax: 1)
  }

  /// What is wrong with the types that `types` gave; nil where each column can be read as what it is declared as.
  package func problem(types: [Value]) -> String? {
    for (place, column) in written.columns.enumerated() {
      guard types.indices.contains(place), case .string(let type) = types[place], let accepted = accepted(place), !accepted.contains(type)
      else { continue }
      return "\(column.name) is declared as \(column.type.name) and is \(type.excerpt); cast it to \(accepted[0])"
    }
    return nil
  }

  private func accepted(_ place: Int) -> [String]? {
    switch kind(of: place) {
    case .integer: ["bigint", "integer", "smallint"]
    case .decimal: ["numeric", "bigint", "integer", "smallint"]
    case .number: ["double precision", "real"]
    case .boolean: ["boolean"]
    case .timestamp: ["timestamp with time zone"]
    case .date: ["date"]
    case .uuid: ["uuid"]
    case .json: ["jsonb", "json"]
    // What has no order by its bytes is refused by COLLATE.
    default: nil
    }
  }

  private func kind(of place: Int) -> ColumnKind { ColumnKind(written.columns[place].type, encoding: .standard) }

  private static func name(_ place: Int) -> String { "c\(place)" }

  /// In parentheses, on lines of its own: it may end in a comment.
  private func appendStatement(_ builder: inout StatementBuilder) {
    builder.text("(\n")
    for piece in statement.pieces {
      switch piece {
      case .text(let text): builder.written(text)
      case .parameter(let name):
        // The loader refuses a name that there is not.
        guard let number = parameters.firstIndex(of: name), let kind = kinds[name] else { continue }
        builder.slot(kind, number: number)
      }
    }
    builder.text("\n)")
  }

  // MARK: What is of its type

  /// A statement may yield anything: what its declaration cannot hold is found, and never told as something else.
  private func misfits(_ builder: inout StatementBuilder) {
    let conditions = written.columns.indices.compactMap { place in condition(place).map { (place, $0) } }
    guard !conditions.isEmpty else { return builder.text("0") }
    builder.text("CASE")
    for (place, condition) in conditions {
      builder.text(" WHEN s.")
      builder.identifier(written.columns[place].name)
      builder.text(" IS NOT NULL AND NOT (")
      builder.append(condition)
      builder.text(") THEN ")
      builder.number(place + 1)
    }
    builder.text(" ELSE 0 END")
  }

  /// What holds of a value of the column's type that is not null; nil where the database knows its type and the type is enough.
  private func condition(_ place: Int) -> SQL? {
    let type = written.columns[place].type
    let base = dialect == .sqlite ? stored(place) : bounded(place)
    guard case .enumeration(let values) = type else { return base }
    var sql = base.map { $0 + SQL(" AND ") } ?? SQL()
    sql.append(column(place))
    sql.append(" IN (")
    for (number, value) in values.enumerated() {
      if number > 0 { sql.append(", ") }
      sql.append(parameter: .text, .value(.string(value)))
    }
    sql.append(")")
    return sql
  }

  private func column(_ place: Int) -> SQL {
    var sql = SQL("s.")
    sql.append(identifier: written.columns[place].name)
    return sql
  }

  private func stored(_ place: Int) -> SQL? {
    let column = column(place)
    let storage = SQL("typeof(") + column + SQL(")")
    switch kind(of: place) {
    case .text: return storage + SQL(" = 'text'")
    case .integer, .decimal: return storage + SQL(" = 'integer'")
    case .number:
      return storage + SQL(" IN ('integer', 'real') AND abs(") + column + SQL(") <= 1.7976931348623157e308")
    case .boolean: return storage + SQL(" = 'integer' AND ") + column + SQL(" IN (0, 1)")
    case .timestamp:
      var sql = storage + SQL(" = 'integer' AND ") + column + SQL(" BETWEEN ")
      sql.append(Int(Timestamp.minimum.microseconds))
      sql.append(" AND ")
      sql.append(Int(Timestamp.maximum.microseconds))
      return sql
    // Counting makes it a day that there is.
    case .date: return storage + SQL(" = 'text' AND date(") + column + SQL(", '+0 days') IS ") + column
    case .uuid: return storage + SQL(" = 'blob' AND length(") + column + SQL(") = 16")
    case .json: return storage + SQL(" = 'text' AND json_valid(") + column + SQL(")")
    default: return nil
    }
  }

  private func bounded(_ place: Int) -> SQL? {
    let column = column(place)
    switch kind(of: place) {
    case .number: return column + SQL(" NOT IN ('NaN', 'Infinity', '-Infinity')")
    case .decimal(let scale):
      var sql = column + SQL(" = round(") + column + SQL(", ")
      sql.append(scale)
      sql.append(") AND abs(")
      sql.append(column)
      sql.append(") < 1e18")
      return sql
    case .timestamp:
      return column + SQL(" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00'")
    case .date: return column + SQL(" BETWEEN '0001-01-01' AND '9999-12-31'")
    default: return nil
    }
  }
}
