package import Contract
package import Expression

/// A record into whose collection a condition looks for what is absent there, or what it counts. What is found can be held; what
/// is not there cannot, but the record it would belong to can: while that one is held no row joins the collection, and who changes
/// or removes one of its rows waits as well (`WriteStatements.memberLock`). PostgreSQL only: SQLite has one writer.
package struct Anchor: Sendable {
  package let table: TableLayout
  /// The record's id, where a statement has the rule's row as `t` (and the stored one as `s`). Without slots.
  package let id: SQL
  package let collection: Collection
  /// From which row over which refs: tells anchors apart.
  let path: [String]
}

/// The row that a rule is asked of.
package enum RuleRow: Hashable, Sendable {
  /// As it is stored.
  case stored
  /// As it would become.
  case candidate
  /// Both.
  case change
}

extension PredicateCompiler {
  /// The anchors of a condition, each once. Those within another collection's rows are left out: there may be any number of them.
  package func anchors(
    _ residual: ResidualExpression, resource: String, ofChange: Bool = false
  ) throws(ExpressionError) -> [Anchor] {
    guard let table = layout[resource] else { return [] }
    var compiler = self
    compiler.locks = true
    var writer = PredicateWriter(
      compiler, row: RowPlace(table: table, alias: "t"), stored: ofChange ? RowPlace(table: table, alias: "s") : nil)
    _ = try writer.condition(residual.root, true)
    return writer.anchors
  }
}

extension WriteStatements {
  /// Holds an anchor of a rule over this table. Slots: as those of the rule's guard over that row, without the rule's own.
  package func anchorLock(_ anchor: Anchor, over row: RuleRow) -> PreparedSQL {
    var builder = StatementBuilder()
    if row != .stored {
      builder.text("WITH candidate AS (")
      builder.row(table)
      builder.text(") ")
    }
    builder.text("SELECT 1 FROM ")
    builder.table(anchor.table)
    builder.text(" AS anchor, ")
    switch row {
    case .stored:
      builder.table(table)
      builder.text(" AS t")
    case .candidate: builder.text("candidate AS t")
    case .change:
      builder.text("candidate AS t, ")
      builder.table(table)
      builder.text(" AS s")
    }
    builder.text(" WHERE ")
    builder.append(RowPlace(table: anchor.table, alias: "anchor").column(anchor.table.key[0]))
    builder.text(" = ")
    builder.append(anchor.id)
    if row != .candidate {
      builder.text(" AND ")
      builder.keyEquals(table.key, alias: row == .stored ? "t." : "s.")
    }
    builder.text(" FOR UPDATE OF anchor")
    return builder.prepared(for: dialect)
  }

  /// Holds a record of this table for one that joins, changes within or leaves a collection of it: rules that look there for what is
  /// absent wait, other such records do not. Slots: the key.
  package func memberLock() -> PreparedSQL {
    var builder = StatementBuilder()
    builder.text("SELECT 1 FROM ")
    builder.table(table)
    builder.text(" AS t WHERE ")
    builder.keyEquals(table.key)
    builder.text(" FOR KEY SHARE")
    return builder.prepared(for: dialect)
  }
}
