extension StatementBuilder {
  /// `ORDER BY`, null lowest on every store but in columns of others whose indexes have it highest.
  mutating func order(_ terms: [OrderTerm], dialect: Dialect) {
    text(" ORDER BY ")
    list(terms) { builder, term in
      builder.column(term.column)
      if term.isDescending { builder.text(" DESC") }
      // PostgreSQL sorts null highest unless told; SQLite sorts it lowest. An index serves an order only where its
      // nulls stand alike, so the words are there exactly where the index has them: on columns that may be null.
      if dialect == .postgres, term.isNullable { builder.text(term.endsWithNull ? " NULLS LAST" : " NULLS FIRST") }
    }
  }

  /// Rows beyond the one whose values are in the next slots, one for each term; `nulls` says which of them are null
  /// (their slots are not read).
  mutating func seek(_ terms: [OrderTerm], nulls: [Bool]) {
    let first = slots
    slots += terms.count
    if isUniform(terms, nulls: nulls) {
      text("(")
      list(terms) { $0.column($1.column) }
      text(terms[0].isDescending ? ") < (" : ") > (")
      list(terms.indices) { $0.slot(terms[$1].layout, number: first + $1) }
      text(")")
      return
    }
    // The first term's own bound gives the index a place to start; the OR alone would not.
    if !nulls[0], !(terms[0].endsWithNull && terms[0].isNullable) {
      column(terms[0].column)
      text(terms[0].isDescending ? " <= " : " >= ")
      slot(terms[0].layout, number: first)
      text(" AND ")
    }
    text("(")
    var isFirst = true
    for place in terms.indices where !(nulls[place] && terms[place].endsWithNull) {
      if !isFirst { text(" OR ") }
      isFirst = false
      text("(")
      for earlier in 0..<place {
        equal(terms[earlier], isNull: nulls[earlier], slot: first + earlier)
        text(" AND ")
      }
      beyond(terms[place], isNull: nulls[place], slot: first + place)
      text(")")
    }
    if isFirst { boolean(false) }
    text(")")
  }

  /// Rows up to the one whose values, none of them null, are in the next slots, and that one.
  mutating func upTo(_ terms: [OrderTerm]) {
    text("(")
    list(terms) { $0.column($1.column) }
    text(") <= (")
    list(terms) { $0.slot($1.layout) }
    text(")")
  }

  /// Whether one row comparison says it: all in one direction and no null in the way.
  private func isUniform(_ terms: [OrderTerm], nulls: [Bool]) -> Bool {
    terms.allSatisfy { $0.isDescending == terms[0].isDescending && !($0.endsWithNull && $0.isNullable) } && !nulls.contains(true)
  }

  private mutating func equal(_ term: OrderTerm, isNull: Bool, slot number: Int) {
    column(term.column)
    if isNull {
      text(" IS NULL")
    } else {
      text(" = ")
      slot(term.layout, number: number)
    }
  }

  private mutating func beyond(_ term: OrderTerm, isNull: Bool, slot number: Int) {
    if isNull {
      column(term.column)
      text(" IS NOT NULL")
    } else if term.endsWithNull, term.isNullable {
      text("(")
      column(term.column)
      text(term.isDescending ? " < " : " > ")
      slot(term.layout, number: number)
      text(" OR ")
      column(term.column)
      text(" IS NULL)")
    } else {
      column(term.column)
      text(term.isDescending ? " < " : " > ")
      slot(term.layout, number: number)
    }
  }
}
