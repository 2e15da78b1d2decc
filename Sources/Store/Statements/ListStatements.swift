/// One key of an order: a column and its direction.
package struct OrderTerm: Sendable, Equatable, Hashable {
  package let layout: ColumnLayout
  package var isDescending: Bool

  package init(column: ColumnLayout, isDescending: Bool) {
    layout = column
    self.isDescending = isDescending
  }

  package var column: String { layout.name }
  package var isNullable: Bool { layout.isNullable }
  /// Rows with null come after all others.
  var endsWithNull: Bool { isDescending != layout.nullIsHighest }

  package static func == (a: Self, b: Self) -> Bool { a.column == b.column && a.isDescending == b.isDescending }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(column)
    hasher.combine(isDescending)
  }
}

/// What a list statement is made from.
package struct ListSpecification: Sendable {
  package var projection: Projection
  package var which = Standing.living
  /// Columns that equal a value, served by the index; `isNull` asks for null instead and takes no slot.
  package var equalities: [(column: ColumnLayout, isNull: Bool)] = []
  /// Ends with the key.
  package var order: [OrderTerm]
  /// The page begins beyond a row: which of its order values are null. Nil for the first page.
  package var seek: [Bool]?
  /// The page ends at a row: see `ReadStatements.edge`. For orders of the key alone, upwards.
  package var isBounded = false
  /// A condition that finds the rows itself (a row rule with an index of its own), instead of the order: its rows, at most
  /// `budget` of them, are sorted afterwards.
  package var drive: Predicate?
  /// Conditions that no index serves: applied to at most `budget` rows of what the index yields.
  package var filters: [Predicate] = []
  package var budget = 10_000
  /// Rows wanted, one more than a page holds.
  package var limit: Int

  package init(projection: Projection, order: [OrderTerm], limit: Int) {
    self.projection = projection
    self.order = order
    self.limit = limit
  }
}

extension ReadStatements {
  /// A page. Slots: the projection's, the equalities' values, the seek's (one for each term of the order), the bound's (as many),
  /// the drive's, the filters'.
  package func list(_ specification: ListSpecification) -> ReadStatement {
    var builder = StatementBuilder()
    let encoding: RowEncoding
    if !specification.isScan {
      builder.text("SELECT ")
      encoding = specification.projection.append(to: &builder, table: table)
      builder.text(" FROM ")
      source(specification, in: &builder)
    } else {
      // The budget is an inner LIMIT: whatever the planner thinks, no more rows are looked at.
      builder.slots = specification.projection.slots
      builder.text("WITH scanned AS (SELECT t.* FROM ")
      source(specification, in: &builder)
      if specification.drive == nil { builder.order(specification.order, dialect: dialect) }
      builder.text(" LIMIT ")
      builder.number(specification.budget)
      builder.text(") SELECT ")
      let next = builder.slots
      builder.slots = 0
      encoding = specification.projection.append(to: &builder, table: table)
      builder.slots = next
      builder.text(" FROM scanned AS t")
      builder.filters(specification)
    }
    builder.order(specification.order, dialect: dialect)
    builder.text(" LIMIT ")
    builder.number(specification.limit)
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: specification.limit)
  }

  /// The order's columns of the row so many rows on; no row where there are not so many. Slots: the equalities' values, the seek's.
  package func edge(_ specification: ListSpecification, rows: Int) -> ReadStatement {
    var builder = StatementBuilder()
    builder.text("SELECT ")
    let captures = specification.order.map { Projection.Captured.column($0.layout) }
    let encoding = Projection(members: [], captures: captures).append(to: &builder, table: table)
    builder.text(" FROM ")
    source(specification, in: &builder)
    builder.order(specification.order, dialect: dialect)
    builder.text(" LIMIT 1 OFFSET ")
    builder.number(max(0, rows - 1))
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: 1)
  }

  /// How many rows there are, up to `limit`; with `scanned`, how many rows the index yields before the filters, which
  /// tells whether the budget cut them. Slots: the equalities' values, the seek's, the filters'.
  package func count(_ specification: ListSpecification, limit: Int, scanned: Bool = false) -> ReadStatement {
    var builder = StatementBuilder()
    let column = ColumnLayout(name: "n", kind: .integer, isNullable: false)
    builder.text("SELECT t.\"n\" FROM (SELECT count(*) AS \"n\" FROM (SELECT 1 AS one FROM ")
    if !specification.isScan || scanned {
      source(specification, in: &builder)
    } else {
      builder.text("(SELECT t.* FROM ")
      source(specification, in: &builder)
      builder.text(" LIMIT ")
      builder.number(specification.budget)
      builder.text(") AS t")
      builder.filters(specification)
    }
    builder.text(" LIMIT ")
    builder.number(limit)
    builder.text(") AS counted) AS t")
    let encoding = RowEncoding(fields: [], captures: [RowEncoding.Capture(column: 0, kind: column.kind)])
    return ReadStatement(prepared: builder.prepared(for: dialect), encoding: encoding, rowsMax: 1)
  }

  /// `table AS t WHERE equalities AND seek AND drive`
  private func source(_ specification: ListSpecification, in builder: inout StatementBuilder) {
    builder.table(table)
    builder.text(" AS t")
    // SQLite would walk the primary key, whose order costs no sorting, past every deleted record.
    if dialect == .sqlite, let index = keyIndex(specification) {
      builder.text(" INDEXED BY ")
      builder.identifier(index.name)
    }
    var separator: StaticString = " WHERE "
    func next() {
      builder.text(separator)
      separator = " AND "
    }
    if table.mayLackKey {
      next()
      builder.keyIsThere(table.key)
    }
    if specification.which == .living, let deletion = table.deletion {
      next()
      builder.column(deletion.name)
      builder.text(" IS NULL")
    }
    for equality in specification.equalities {
      next()
      if equality.isNull {
        builder.column(equality.column.name)
        builder.text(" IS NULL")
      } else {
        builder.equals(equality.column)
      }
    }
    if let nulls = specification.seek {
      next()
      builder.seek(specification.order, nulls: nulls)
    }
    if specification.isBounded {
      next()
      builder.upTo(specification.order)
    }
    if let drive = specification.drive {
      next()
      builder.predicate(drive)
    }
  }

  /// The index of the living's keys, where nothing else leads to a list by the key. (A table of another's may lack it.)
  private func keyIndex(_ specification: ListSpecification) -> IndexLayout? {
    guard table.isManaged, specification.which == .living, specification.equalities.isEmpty, specification.drive == nil,
      specification.order.allSatisfy({ term in table.key.contains { $0.name == term.column } })
    else { return nil }
    return table.livingKeys
  }
}

extension ListSpecification {
  /// Whether rows are looked at that may not be in the answer.
  package var isScan: Bool { !filters.isEmpty || drive != nil }
}

extension StatementBuilder {
  fileprivate mutating func filters(_ specification: ListSpecification) {
    guard !specification.filters.isEmpty else { return }
    text(" WHERE ")
    list(specification.filters, separator: " AND ") { $0.predicate($1) }
  }
}

extension Predicate {
  /// `t."column" = ?`; one slot.
  package static func equals(_ column: ColumnLayout) -> Predicate {
    var builder = StatementBuilder()
    builder.equals(column)
    return Predicate(sql: builder.sql, slots: 1)
  }
}

extension Predicate {
  /// Holds for no row.
  package static let never = Predicate(sql: SQL("false"), slots: 0)
}
