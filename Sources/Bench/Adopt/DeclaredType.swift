/// A column's type as its table declares it: SQLite takes any words.
struct DeclaredType {
  /// Upper case, without what stands in parentheses.
  let name: String
  /// The numbers in parentheses.
  let numbers: [Int]

  init(_ text: String) {
    let parts = text.uppercased().split(separator: "(", maxSplits: 1)
    name = String(parts.first ?? "").split(separator: " ").joined(separator: " ")
    numbers = parts.count == 2 ? parts[1].prefix { $0 != ")" }.split(separator: ",").compactMap { Int($0.filter { $0 != " " }) } : []
  }

  /// Digits after the point of `NUMERIC(10,2)`.
  var scale: Int? { isExact && numbers.count == 2 && (0...18).contains(numbers[1]) ? numbers[1] : nil }
  var isExact: Bool { name.hasPrefix("NUMERIC") || name.hasPrefix("DEC") || name.contains("MONEY") }
  var isBoolean: Bool { name.contains("BOOL") || name == "BIT" || (name == "TINYINT" && numbers == [1]) }
  var isTime: Bool { name.contains("DATE") || name.contains("TIME") }
  var isDay: Bool { name == "DATE" }
  var isUUID: Bool { name.contains("UUID") || name.contains("GUID") || name == "UNIQUEIDENTIFIER" }
  var isJSON: Bool { name.hasPrefix("JSON") }
  // The rules of https://www.sqlite.org/datatype3.html, section 3.1.
  var isInteger: Bool { name.contains("INT") }
  var isText: Bool { name.contains("CHAR") || name.contains("CLOB") || name.contains("TEXT") || name.contains("STRING") }
  var isBlob: Bool { name.contains("BLOB") || name.contains("BINARY") || name.contains("IMAGE") }
  var isReal: Bool { name.contains("REAL") || name.contains("FLOA") || name.contains("DOUB") }
}
