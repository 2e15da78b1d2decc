/// A condition over the row aliased `t`; its slots are numbered from 0.
package struct Predicate: Sendable {
  package let sql: SQL
  /// How many values it takes at run time.
  package let slots: Int

  package init(sql: SQL, slots: Int) {
    self.sql = sql
    self.slots = slots
  }
}

/// Puts a statement together and numbers its slots: whoever runs it hands the values over in the order of the calls.
struct StatementBuilder {
  private(set) var sql = SQL()
  /// The number of the next slot. Set by hand only where the text's order is not the values' order.
  var slots = 0

  mutating func text(_ text: StaticString) { sql.append(text) }

  mutating func identifier(_ name: String) { sql.append(identifier: name) }

  /// A part without slots, or whose slots are numbered already.
  mutating func append(_ part: SQL) { sql.append(part) }

  mutating func number(_ number: Int) { sql.append(number) }

  /// `t."name"`
  mutating func column(_ name: String) {
    sql.append("t.")
    sql.append(identifier: name)
  }

  /// The table's name, with its schema.
  mutating func table(_ table: TableLayout) {
    if let schema = table.schema {
      sql.append(identifier: schema)
      sql.append(".")
    }
    sql.append(identifier: table.table)
  }

  mutating func slot(_ kind: ColumnKind) {
    sql.append(parameter: kind, .slot(slots))
    slots += 1
  }

  /// A column's value, as its kind reads it: `t."name"`, or what a column of another type is made into.
  mutating func value(_ column: ColumnLayout) {
    sql.append(column.form.read(SQL("t.") + SQL(identifier: column.name)))
  }

  /// A value for that column.
  mutating func slot(_ column: ColumnLayout) {
    slot(column, number: slots)
    slots += 1
  }

  mutating func slot(_ column: ColumnLayout, number: Int) {
    var parameter = SQL()
    parameter.append(parameter: column.kind, .slot(number))
    sql.append(column.form.write(parameter))
  }

  /// `t."name" = ?`; one slot.
  mutating func equals(_ column: ColumnLayout, alias: StaticString = "t.") {
    let place = SQL(alias) + SQL(identifier: column.name)
    if column.form.isSought {
      sql.append(place)
      sql.append(" = ")
      slot(column, number: slots)
    }
    if !column.form.isExact {
      if column.form.isSought { sql.append(" AND ") }
      sql.append(column.form.read(place))
      sql.append(" = ")
      slot(column.kind, number: slots)
    }
    slots += 1
  }

  /// A slot by its number, which may stand in several places.
  mutating func slot(_ kind: ColumnKind, number: Int) { sql.append(parameter: kind, .slot(number)) }

  /// The predicate in parentheses.
  mutating func predicate(_ predicate: Predicate) {
    sql.append("(")
    sql.append(predicate.sql.shifted(by: slots))
    sql.append(")")
    slots += predicate.slots
  }

  mutating func list<Element>(
    _ elements: some Sequence<Element>, separator: StaticString = ", ", _ append: (inout StatementBuilder, Element) -> Void
  ) {
    var isFirst = true
    for element in elements {
      if !isFirst { sql.append(separator) }
      isFirst = false
      append(&self, element)
    }
  }

  /// `t."a" = ? AND t."b" = ?` over a key's columns.
  mutating func keyEquals(_ key: [ColumnLayout], alias: StaticString = "t.") {
    list(key, separator: " AND ") { builder, column in builder.equals(column, alias: alias) }
  }

  /// `t."a" IS NOT NULL AND t."b" IS NOT NULL` over a key's columns.
  mutating func keyIsThere(_ key: [ColumnLayout]) {
    list(key, separator: " AND ") { builder, column in
      builder.column(column.name)
      builder.text(" IS NOT NULL")
    }
  }

  mutating func written(_ text: String) { sql.append(written: text) }

  func prepared(for dialect: Dialect, isShared: Bool = false) -> PreparedSQL { sql.statement(for: dialect, isShared: isShared) }
}
