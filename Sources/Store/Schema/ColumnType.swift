import Contract

extension ColumnKind {
  /// The column's type as the store itself prints it, so that it can be compared.
  func columnType(_ dialect: Dialect, precision: Int?) -> String {
    switch dialect {
    case .sqlite: sqliteType
    case .postgres: postgresType(precision: precision)
    }
  }

  private var sqliteType: String {
    switch self {
    case .text, .stored, .date, .json, .timestampAsText, .dateAsText, .booleanAsTexts, .uuidAsText: "TEXT"
    case .integer, .decimal, .boolean, .timestamp, .timestampAsUnixSeconds, .timestampAsUnixMilliseconds: "INTEGER"
    case .number, .decimalAsReal: "REAL"
    case .uuid, .bytes: "BLOB"
    }
  }

  private func postgresType(precision: Int?) -> String {
    switch self {
    case .text, .stored, .timestampAsText, .dateAsText, .booleanAsTexts, .uuidAsText: "text"
    case .integer, .timestampAsUnixSeconds, .timestampAsUnixMilliseconds: "bigint"
    case .decimal(let scale): "numeric(\(precision ?? 18),\(scale))"
    case .number, .decimalAsReal: "double precision"
    case .boolean: "boolean"
    case .timestamp: "timestamp with time zone"
    case .date: "date"
    case .uuid: "uuid"
    case .json: "jsonb"
    case .bytes: "bytea"
    }
  }

  /// Whether a column of that declared type can hold this kind, for tables that were there before.
  func fits(_ type: String, _ dialect: Dialect) -> Bool {
    // SQLite stores any value in any column unless the table is STRICT.
    if dialect == .sqlite { return true }
    // Lists are jsonb: an array's own text would be taken for the value.
    if type.hasSuffix("[]") { return false }
    let name = type.prefix { $0 != "(" }
    switch self {
    case .text, .stored, .timestampAsText, .dateAsText, .booleanAsTexts, .uuidAsText: return true
    case .integer, .timestampAsUnixSeconds, .timestampAsUnixMilliseconds:
      return ["bigint", "integer", "smallint"].contains(name)
    case .decimal, .decimalAsReal, .number:
      return ["numeric", "double precision", "real", "bigint", "integer", "smallint"].contains(name)
    case .boolean: return name == "boolean"
    case .timestamp: return name.hasPrefix("timestamp")
    case .date: return name == "date"
    case .uuid: return name == "uuid"
    case .json: return name == "jsonb" || name == "json"
    case .bytes: return name == "bytea"
    }
  }

  /// A stable name for the record of what columns hold: SQLite's types alone do not tell a timestamp from a number.
  var recordName: String {
    switch self {
    case .text: "text"
    case .stored: "as stored"
    case .integer: "integer"
    case .decimal(let scale): "decimal(\(scale))"
    case .number: "number"
    case .boolean: "boolean"
    case .timestamp: "timestamp"
    case .date: "date"
    case .uuid: "uuid"
    case .json: "json"
    case .bytes: "bytes"
    case .decimalAsReal(let scale): "decimal(\(scale)) as real"
    case .timestampAsText: "timestamp as text"
    case .dateAsText: "date as text"
    case .timestampAsUnixSeconds: "timestamp as seconds"
    case .timestampAsUnixMilliseconds: "timestamp as milliseconds"
    case .booleanAsTexts(let yes, let no): "boolean as \(yes)/\(no)"
    case .uuidAsText: "uuid as text"
    }
  }
}
