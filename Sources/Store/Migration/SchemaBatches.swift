/// PostgreSQL: a change of many rows, some pages of the table at a time, so that no row is held for long.
struct SchemaBatches: Sendable {
  let change: SchemaChange

  /// Of 8 KiB each: a few thousand rows.
  static let pagesAtOnce = 32

  var pageCount: String {
    var sql = SQL("SELECT pg_relation_size(")
    sql.append(literal: SQL(table: change.table, schema: change.schema).text(.postgres))
    sql.append("::regclass) / current_setting('block_size')::bigint + 1")
    return sql.text(.postgres)
  }

  /// The change of the rows that lie on some pages.
  func statement(from page: Int) -> String {
    let range = " AND ctid >= '(\(page),0)'::tid AND ctid < '(\(page + SchemaBatches.pagesAtOnce),0)'::tid"
    return (change.statements.first ?? "") + range
  }
}
