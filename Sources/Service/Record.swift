import Base
import JSON
import Store

/// A record in memory: one value for each of its table's fields, in their order.
struct Record: Sendable, Equatable {
  let table: TableLayout
  var values: [Value]
  /// Its columns exactly as they lie in the row (`ReadStatements.storedColumns`), where a change must find them so.
  private(set) var stored: [Value]?

  static func == (a: Record, b: Record) -> Bool { a.table === b.table && a.values == b.values }

  /// Every member null.
  init(_ table: TableLayout) {
    self.table = table
    values = Array(repeating: .null, count: table.fields.count)
  }

  /// From captured columns: every field's, in order, then so many as they are stored. `start` is the first one's place and is
  /// moved past the last.
  init(_ table: TableLayout, captured: [Value], start: inout Int, storedColumns: Int = 0) {
    self.table = table
    values = []
    values.reserveCapacity(table.fields.count)
    for field in table.fields {
      let count = field.columns.count
      values.append(Record.value(of: field, captured[start..<start + count]))
      start += count
    }
    guard storedColumns > 0 else { return }
    stored = Array(captured[start..<start + storedColumns])
    start += storedColumns
  }

  /// From the values of its columns by their names.
  init(_ table: TableLayout, columns: [String: Value]) {
    self.table = table
    values = table.fields.map { field in
      let parts = field.columns.map { columns[$0.name] ?? .null }
      return Record.value(of: field, parts[...])
    }
  }

  /// JSON that says the same in another spelling is no change: the values of `other` stay.
  mutating func keepSameJSON(of other: Record) {
    for place in values.indices where table.fields[place].content == .scalar(.json) && values[place] != other.values[place] {
      guard let new = try? JSONValue(parsing: values[place].json, exactly: true),
        let old = try? JSONValue(parsing: other.values[place].json, exactly: true), new.isSame(as: old)
      else { continue }
      values[place] = other.values[place]
    }
  }

  subscript(_ name: String) -> Value {
    get {
      guard let place = table.place(name) else { return .null }
      return values[place]
    }
    set {
      guard let place = table.place(name) else { return }
      values[place] = newValue
    }
  }

  /// The key's values.
  var key: [Value] {
    if case .list(let parts) = values[0], table.key.count > 1 { return parts }
    return [values[0]]
  }

  var revision: Int64? {
    if table.hasRevision, case .integer(let revision) = self["revision"] { revision } else { nil }
  }

  /// The values of a field's columns.
  static func columnValues(_ value: Value, of field: FieldLayout) -> [Value] {
    guard field.columns.count > 1 else {
      if case .list = value { return [.json(value.json)] }
      return [value]
    }
    switch value {
    case .money(let money): return [.integer(money.amount), .string(money.currency.description)]
    case .list(let parts) where parts.count == field.columns.count: return parts
    default: return field.columns.map { _ in .null }
    }
  }

  /// Every column's value, each column once: fits `TableLayout.allColumns`.
  var columnValues: [Value] {
    var result: [Value] = []
    result.reserveCapacity(table.allColumns.count)
    guard table.sharesColumns else {
      for (place, value) in values.enumerated() {
        switch value {
        case .money, .list, .null: result += Record.columnValues(value, of: table.fields[place])
        default: result.append(value)
        }
      }
      return result
    }
    var seen: Set<String> = []
    for (field, value) in zip(table.fields, values) {
      for (column, value) in zip(field.columns, Record.columnValues(value, of: field)) where seen.insert(column.name).inserted {
        result.append(value)
      }
    }
    return result
  }

  private static func value(of field: FieldLayout, _ columns: ArraySlice<Value>) -> Value {
    guard let first = columns.first, columns.count > 1 else { return columns.first ?? .null }
    if field.content == .money {
      guard case .integer(let amount) = first, case .string(let code) = columns[columns.startIndex + 1], let currency = Currency(code)
      else { return .null }
      return .money(Money(amount: amount, currency: currency))
    }
    return .list(Array(columns))
  }
}
