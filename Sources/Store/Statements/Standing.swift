/// Which of a table's records are meant, where deleted ones are kept. Elsewhere each is all of them.
package enum Standing: Hashable, Sendable {
  case living
  case all
  /// Those that were deleted at a time, which is a slot.
  case deletedAt
}

extension Predicate {
  /// That a record is not deleted; nil where deleted ones are not kept.
  package static func living(in table: TableLayout) -> Predicate? {
    guard let deletion = table.deletion else { return nil }
    var builder = StatementBuilder()
    builder.column(deletion.name)
    builder.text(" IS NULL")
    return Predicate(sql: builder.sql, slots: 0)
  }

  /// The living, and of the deleted those for which the rule holds. Slots: the rule's.
  package static func living(or rule: Predicate, in table: TableLayout) -> Predicate {
    guard let deletion = table.deletion else { return rule }
    var builder = StatementBuilder()
    builder.column(deletion.name)
    builder.text(" IS NULL OR ")
    builder.predicate(rule)
    return Predicate(sql: builder.sql, slots: rule.slots)
  }

  /// Both, the slots of the first before those of the second.
  package func and(_ other: Predicate) -> Predicate {
    var builder = StatementBuilder()
    builder.predicate(self)
    builder.text(" AND ")
    builder.predicate(other)
    return Predicate(sql: builder.sql, slots: slots + other.slots)
  }
}

extension TableLayout {
  /// The indexes that serve lists of these records: an index of the living knows nothing of the others, and one of all leads a list
  /// of the living past as many deleted ones as there are.
  package func indexes(among which: Standing) -> [IndexLayout] {
    guard deletion != nil else { return indexes }
    return indexes.filter { $0.isOfLiving == (which == .living) }
  }
}
