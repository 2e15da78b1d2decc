/// What the rows of a table hold in one column: counts over a bounded sample.
package struct ColumnSurvey: Sendable {
  /// Rows looked at.
  package var rows = 0
  package var integers = 0
  package var reals = 0
  package var texts = 0
  package var blobs = 0
  /// The longest text's characters.
  package var lengthMax = 0
  /// Texts that are days (`2009-01-01`), moments (`2009-01-01 00:00:00`), UUIDs, JSON.
  package var dates = 0
  package var timestamps = 0
  package var uuids = 0
  package var documents = 0
  /// Blobs of 16 bytes.
  package var sixteens = 0
  /// Numbers that are 0 or 1.
  package var bits = 0
  /// Numbers with more digits after the point than the column declares.
  package var finer = 0
  package var minimum: Double?
  package var maximum: Double?

  package init() {}

  package var values: Int { integers + reals + texts + blobs }
}

extension SchemaInspector {
  /// Rows that a survey looks at.
  package static let surveyedRowsMax = 100_000
  private static let columnsAtOnce = 64

  /// Surveys columns of a SQLite table or view. `scales` says how many digits after the point a column declares.
  package func survey(_ table: LiveTable, scales: [String: Int]) async throws(StoreError) -> [String: ColumnSurvey] {
    var result: [String: ColumnSurvey] = [:]
    var columns = table.columns[...]
    while !columns.isEmpty {
      let some = columns.prefix(SchemaInspector.columnsAtOnce)
      columns = columns.dropFirst(SchemaInspector.columnsAtOnce)
      var sql = SQL("SELECT count(*)")
      for column in some { sql.append(SchemaInspector.figures(column.name, scale: scales[column.name] ?? 0)) }
      sql.append(" FROM (SELECT * FROM ")
      sql.append(identifier: table.name)
      sql.append(" LIMIT ")
      sql.append(SchemaInspector.surveyedRowsMax)
      sql.append(")")
      guard let row = try await store.inspect(sql.text(.sqlite), []).first.map(InspectedRow.init) else { continue }
      var place = 1
      for column in some {
        result[column.name] = SchemaInspector.survey(row, at: place)
        place += SchemaInspector.figureCount
      }
    }
    return result
  }

  /// Up to `limit` texts of a column, each once.
  package func texts(of column: String, in table: LiveTable, limit: Int) async throws(StoreError) -> [String] {
    var sql = SQL("SELECT DISTINCT ") + SQL(identifier: column) + SQL(" FROM (SELECT ") + SQL(identifier: column) + SQL(" FROM ")
    sql.append(identifier: table.name)
    sql.append(" LIMIT ")
    sql.append(SchemaInspector.surveyedRowsMax)
    sql.append(") WHERE ")
    sql.append(identifier: column)
    sql.append(" IS NOT NULL LIMIT ")
    sql.append(limit)
    return try await store.inspect(sql.text(.sqlite), []).compactMap { $0.first.flatMap { $0 } }
  }

  /// Whether a view's column could tell its rows apart.
  package func isDistinct(_ column: String, in table: LiveTable) async throws(StoreError) -> Bool {
    let name = SQL(identifier: column)
    var sql = SQL("SELECT CASE WHEN count(*) = count(DISTINCT ") + name + SQL(") THEN '1' ELSE '0' END FROM (SELECT ") + name
    sql = sql + SQL(" FROM ") + SQL(table: table.name, schema: table.schema) + SQL(" LIMIT ")
    sql.append(SchemaInspector.surveyedRowsMax)
    sql.append(") AS sample")
    return try await store.inspect(sql.text(store.dialect), []).first?.first == "1"
  }

  private static let figureCount = 14

  private static func figures(_ column: String, scale: Int) -> SQL {
    let name = SQL(identifier: column)
    func sum(_ condition: SQL) -> SQL { SQL(", total(") + condition + SQL(")") }
    let isNumber = SQL("typeof(") + name + SQL(") IN ('integer', 'real') AND ")
    let isText = SQL("typeof(") + name + SQL(") = 'text' AND ")
    let day = SQL(" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'")
    let moment = SQL(" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9]*'")
    var sql = SQL()
    for type in ["integer", "real", "text", "blob"] {
      sql.append(sum(SQL("typeof(") + name + SQL(") = ") + SQL(literal: type)))
    }
    sql.append(SQL(", max(CASE WHEN typeof(") + name + SQL(") = 'text' THEN length(") + name + SQL(") ELSE 0 END)"))
    sql.append(sum(isText + name + day + SQL(" AND date(") + name + SQL(") IS NOT NULL")))
    sql.append(sum(isText + name + moment + SQL(" AND julianday(") + name + SQL(") IS NOT NULL")))
    let groups = [8, 4, 4, 4, 12]
    let pattern = groups.map { String(repeating: "[0-9a-fA-F]", count: $0) }.joined(separator: "-")
    sql.append(sum(isText + name + SQL(" GLOB ") + SQL(literal: pattern)))
    sql.append(sum(isText + SQL("json_valid(") + name + SQL(")")))
    sql.append(sum(SQL("typeof(") + name + SQL(") = 'blob' AND length(") + name + SQL(") = 16")))
    sql.append(sum(isNumber + name + SQL(" IN (0, 1)")))
    sql.append(sum(isNumber + SQL("round(") + name + SQL(", ") + SQL(integer: Int64(scale)) + SQL(") <> ") + name))
    sql.append(SQL(", min(CASE WHEN ") + isNumber + SQL("1 THEN ") + name + SQL(" END)"))
    sql.append(SQL(", max(CASE WHEN ") + isNumber + SQL("1 THEN ") + name + SQL(" END)"))
    return sql
  }

  private static func survey(_ row: InspectedRow, at place: Int) -> ColumnSurvey {
    func count(_ offset: Int) -> Int { Double(row.text(place + offset)).flatMap { Int(exactly: $0) } ?? 0 }
    var survey = ColumnSurvey()
    survey.rows = row.number(0)
    survey.integers = count(0)
    survey.reals = count(1)
    survey.texts = count(2)
    survey.blobs = count(3)
    survey.lengthMax = count(4)
    survey.dates = count(5)
    survey.timestamps = count(6)
    survey.uuids = count(7)
    survey.documents = count(8)
    survey.sixteens = count(9)
    survey.bits = count(10)
    survey.finer = count(11)
    survey.minimum = row[place + 12].flatMap { Double($0) }
    survey.maximum = row[place + 13].flatMap { Double($0) }
    return survey
  }
}
