import Base
import Contract

/// Names of resources and fields for tables and columns: `snake_case`, unique, none that the language keeps for itself.
struct AdoptedNames {
  /// Paths of the API, and the identity's own resource.
  private static let reservedResources: Set<String> = [
    "users", "queries", "batch", "openapi", "docs", "health", "metrics", "problems",
  ]
  private static let reservedFields: Set<String> = [
    "id", "limit", "after", "before", "sort", "filter", "fields", "include", "search", "count", "deleted",
  ]

  private var resources: [[String]: String] = [:]
  private var tables: Set<String> = []

  /// The table of callers, which has its usual name unless a table of that name was there.
  var callers: String? {
    guard tables.contains("users") else { return nil }
    return AdoptedNames.free("martlet_users") { tables.contains($0) }
  }

  /// Whether a contract can name the column, or the table.
  static func isColumn(_ name: String) -> Bool {
    (1...63).contains(name.utf8.count) && !name.utf8.contains { $0 < 0x20 || $0 == 0x7f }
  }

  /// Finds a table its name.
  mutating func addResource(_ table: FoundTable) {
    var name = AdoptedNames.snakeCase(table.schema.map { "\($0)_\(table.name)" } ?? table.name)
    let isReserved = ["sqlite_", "pg_", "martlet_"].contains { name.hasPrefix($0) }
    if AdoptedNames.reservedResources.contains(name) || isReserved { name = AdoptedNames.shorten("table_" + name) }
    name = AdoptedNames.free(name) { candidate in
      AdoptedNames.reservedResources.contains(candidate) || resources.values.contains(candidate)
    }
    resources[[table.schema ?? "", table.name]] = name
    if table.schema == nil, table.refusal == nil, table.keyForm().form != nil { tables.insert(table.name.lowercased()) }
  }

  func resource(_ table: FoundTable) -> String? { resources[[table.schema ?? "", table.name]] }

  /// A field's name that is none of `taken`.
  static func field(_ column: String, taken: Set<String>) -> String {
    var name = snakeCase(column)
    if reservedFields.contains(name) { name = shorten(name + "_value") }
    return free(name) { taken.contains($0) || reservedFields.contains($0) }
  }

  private static func free(_ name: String, isTaken: (String) -> Bool) -> String {
    var candidate = name
    var number = 2
    while isTaken(candidate) {
      candidate = String(name.prefix(Name.lengthMax - 4)) + "_\(number)"
      number += 1
    }
    return candidate
  }

  /// `InvoiceLine` and `Invoice-line` give `invoice_line`, `HTTPStatus` gives `http_status`.
  static func snakeCase(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    func isUpper(_ place: Int) -> Bool { place < bytes.count && (0x41...0x5a).contains(bytes[place]) }
    func isLower(_ place: Int) -> Bool { place < bytes.count && ((0x61...0x7a).contains(bytes[place]) || bytes[place].isDigit) }
    for place in bytes.indices {
      let byte = bytes[place]
      guard byte.isLetter || byte.isDigit else {
        if let last = out.last, last != UInt8(ascii: "_") { out.append(UInt8(ascii: "_")) }
        continue
      }
      let beginsWord = isUpper(place) && place > 0 && (isLower(place - 1) || (isUpper(place - 1) && isLower(place + 1)))
      if beginsWord, let last = out.last, last != UInt8(ascii: "_") { out.append(UInt8(ascii: "_")) }
      out.append(byte.lowercased)
    }
    while out.last == UInt8(ascii: "_") { out.removeLast() }
    var name = shorten(String(decoding: out, as: UTF8.self))
    if name.isEmpty { name = "unnamed" }
    return name.utf8.first?.isDigit == true ? shorten("n" + name) : name
  }

  /// The name of a ref: without the `_id` that its column ends with.
  static func reference(_ column: String) -> String {
    let name = snakeCase(column)
    return name.hasSuffix("_id") && name.count > 3 ? String(name.dropLast(3)) : name
  }

  /// For lists of records; only a name, so that plain rules do.
  static func plural(_ name: String) -> String {
    if name.hasSuffix("s") { return name }
    let vowels: Set<Character> = ["a", "e", "i", "o", "u"]
    if name.hasSuffix("y"), let before = name.dropLast().last, !vowels.contains(before) { return String(name.dropLast()) + "ies" }
    return name + "s"
  }

  private static func shorten(_ name: String) -> String {
    var short = name.prefix(Name.lengthMax)
    while short.hasSuffix("_") { short = short.dropLast() }
    return String(short)
  }
}
