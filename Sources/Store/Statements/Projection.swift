/// What a statement selects: the members that become JSON, and the values that are handed over.
package struct Projection: Sendable {
  /// A member of the row's JSON.
  package struct Member: Sendable {
    /// Its place in `TableLayout.fields`.
    package var place: Int
    /// Where given, the member is only there in rows for which this holds.
    package var condition: Predicate?
    package init(place: Int, condition: Predicate? = nil) {
      self.place = place
      self.condition = condition
    }
  }

  package enum Captured: Sendable {
    /// All columns of that field.
    case field(Int)
    case column(ColumnLayout)
    /// As a boolean: false where the predicate is unknown.
    case predicate(Predicate)
  }

  package var members: [Member]
  package var captures: [Captured]

  package init(members: [Member], captures: [Captured]) {
    self.members = members
    self.captures = captures
  }

  /// How many values its conditions and predicates take.
  var slots: Int {
    var count = 0
    for member in members { count += member.condition?.slots ?? 0 }
    for case .predicate(let predicate) in captures { count += predicate.slots }
    return count
  }

  /// Appends the select list and gives the encoding that fits it. Slots are taken in the order: conditions of members,
  /// then captured predicates.
  func append(to builder: inout StatementBuilder, table: TableLayout) -> RowEncoding {
    var list = SelectList()
    var fields: [RowEncoding.Field] = []
    var captured: [RowEncoding.Capture] = []
    for member in members {
      let field = table.fields[member.place]
      let condition = member.condition.map { list.add(predicate: $0, to: &builder) }
      let column = list.add(columns: field.columns, to: &builder)
      fields.append(
        RowEncoding.Field(key: Projection.key(field.name), column: column, content: field.content, visibleWhen: condition))
    }
    for capture in captures {
      switch capture {
      case .field(let place):
        for column in table.fields[place].columns {
          captured.append(RowEncoding.Capture(column: list.place(of: column, in: &builder), kind: column.kind))
        }
      case .column(let column):
        captured.append(RowEncoding.Capture(column: list.place(of: column, in: &builder), kind: column.kind))
      case .predicate(let predicate):
        captured.append(RowEncoding.Capture(column: list.add(predicate: predicate, to: &builder), kind: .boolean))
      }
    }
    if list.count == 0 { builder.text("1") }
    return RowEncoding(fields: fields, captures: captured)
  }

  /// `"name":`; names of the contract need no escapes (letters, digits, `_`).
  private static func key(_ name: String) -> [UInt8] {
    [UInt8(ascii: "\"")] + Array(name.utf8) + [UInt8(ascii: "\""), UInt8(ascii: ":")]
  }
}

/// The columns of a `SELECT`, each once.
private struct SelectList {
  private(set) var count = 0
  private var places: [Key: Int] = [:]

  /// A column may be selected as its value and as it is stored.
  private struct Key: Hashable {
    let name: String
    let form: ColumnForm

    init(_ column: ColumnLayout) {
      name = column.name
      form = column.form
    }
  }

  /// Adds columns side by side (money, joined keys) and gives the first one's place.
  mutating func add(columns: [ColumnLayout], to builder: inout StatementBuilder) -> Int {
    if columns.count == 1 { return place(of: columns[0], in: &builder) }
    let first = count
    for column in columns { append(column, to: &builder) }
    return first
  }

  mutating func place(of column: ColumnLayout, in builder: inout StatementBuilder) -> Int {
    if let place = places[Key(column)] { return place }
    append(column, to: &builder)
    return count - 1
  }

  mutating func add(predicate: Predicate, to builder: inout StatementBuilder) -> Int {
    separate(&builder)
    builder.text("CASE WHEN ")
    builder.predicate(predicate)
    builder.text(" THEN ")
    builder.boolean(true)
    builder.text(" ELSE ")
    builder.boolean(false)
    builder.text(" END")
    count += 1
    return count - 1
  }

  private mutating func append(_ column: ColumnLayout, to builder: inout StatementBuilder) {
    separate(&builder)
    builder.value(column)
    places[Key(column)] = count
    count += 1
  }

  private func separate(_ builder: inout StatementBuilder) { if count > 0 { builder.text(", ") } }
}

extension StatementBuilder {
  /// A boolean constant that both stores take: SQLite knows `true` and `false` as 1 and 0.
  mutating func boolean(_ value: Bool) { text(value ? "true" : "false") }
}
