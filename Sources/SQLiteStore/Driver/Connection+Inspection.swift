import Base
import CSQLite
import Store

extension Connection {
  /// Rows that an inspection yields at most.
  static let inspectedRowsMax = 100_000

  /// A statement's rows as text, for schema inspection and query plans.
  func rows(_ text: String, _ values: [Value] = []) throws(DriverError) -> [[String?]] {
    let statement = try compile(text, persistent: false)
    defer { statement.finalize() }
    for (position, value) in values.enumerated() {
      try statement.bind(value, as: Connection.kind(of: value), at: Int32(clamping: position + 1))
    }
    var rows: [[String?]] = []
    while try statement.step() == .row {
      guard rows.count < Connection.inspectedRowsMax else {
        throw DriverError(code: SQLITE_TOOBIG, message: "more than \(Connection.inspectedRowsMax) rows")
      }
      rows.append((0..<statement.columns).map { statement.text(of: $0) })
    }
    return rows
  }

  /// Throws `.corrupt` where SQLite's own check finds anything wrong.
  func checkIntegrity() throws(StoreError) {
    do throws(DriverError) {
      let findings = try rows("PRAGMA integrity_check(10)").compactMap { $0.first.flatMap { $0 } }
      if findings != ["ok"] {
        throw DriverError(code: SQLITE_CORRUPT, message: "integrity check: " + findings.joined(separator: "; "))
      }
    } catch {
      throw error.storeError
    }
  }

  /// Lets the planner's statistics follow what the tables hold, in bounded time. Before a connection closes.
  func optimize() {
    try? execute("PRAGMA analysis_limit=400")
    try? execute("PRAGMA optimize")
  }

  /// How a value is bound where no column says it.
  private static func kind(of value: Value) -> ColumnKind {
    switch value {
    case .integer: .integer
    case .number: .number
    case .decimal(let decimal): .decimal(scale: decimal.scale)
    case .boolean: .boolean
    case .timestamp: .timestamp
    case .date: .date
    case .uuid: .uuid
    case .json, .list: .json
    case .bytes: .bytes
    case .null, .string, .duration, .money: .text
    }
  }
}
