/// What a database holds now.
package struct LiveSchema: Sendable {
  package var tables: [LiveTable] = []
  /// The schema that unqualified names mean; nil on SQLite.
  package var defaultSchema: String?
  package init() {}

  package func table(_ name: String, schema: String? = nil) -> LiveTable? {
    let wanted = defaultSchema == nil ? nil : schema ?? defaultSchema
    return tables.first { $0.name == name && $0.schema == wanted }
  }
}

package struct LiveTable: Sendable {
  package var name: String
  package var schema: String?
  package var isView = false
  package var columns: [LiveColumn] = []
  /// Columns of the primary key, in its order.
  package var key: [String] = []
  package var foreignKeys: [LiveForeignKey] = []
  package var indexes: [LiveIndex] = []
  /// Names of CHECK constraints.
  package var checks: Set<String> = []
  /// PostgreSQL: names of constraints that new rows obey and old ones were not asked (`NOT VALID`).
  package var unvalidated: Set<String> = []
  /// SQLite: the statements of its triggers.
  package var triggers: [String] = []
  /// PostgreSQL: what it is cut by (`RANGE (id)`), and its parts, the one that takes what no other does among them; nil for a table that
  /// is not cut.
  package var cut: LiveCut?
  /// SQLite: its own statement; PostgreSQL: empty.
  package var definition = ""

  package init(name: String) { self.name = name }

  package func column(_ name: String) -> LiveColumn? { columns.first { $0.name == name } }
}

/// PostgreSQL: how a table is cut into parts.
package struct LiveCut: Sendable {
  /// As the database prints it.
  package var key: String
  package var parts: [LivePart] = []
}

/// One of them.
package struct LivePart: Sendable {
  package var name: String
  package var schema: String?
  /// As the database prints it: `FOR VALUES FROM (...) TO (...)`, `DEFAULT`
  package var bounds: String
  /// It was to be taken off, and that was broken off: no new read meets it.
  package var isLeaving = false
}

package struct LiveColumn: Sendable {
  package var name: String
  /// As the database prints it.
  package var type: String
  package var isNullable: Bool
  /// The default's text, nil without one. `identity` where the database numbers the column.
  package var defaultText: String?
  package var isGenerated: Bool
  /// PostgreSQL's.
  package var native: NativeType?
  /// The sequence that numbers the column, as an identifier; nil without one.
  package var sequence: String?
  /// PostgreSQL: `GENERATED ALWAYS AS IDENTITY`.
  package var isAlwaysNumbered = false
}

package struct LiveForeignKey: Sendable {
  /// Nil on SQLite.
  package var name: String?
  package var columns: [String]
  package var table: String
  /// The target's schema; nil on SQLite.
  package var schema: String?
  /// Empty where the statement left them out: the target's key.
  package var targets: [String]
  /// `RESTRICT`, `CASCADE`, `SET NULL`, `NO ACTION`, `SET DEFAULT`
  package var onDelete: String
}

package struct LiveIndex: Sendable {
  package var name: String
  /// An expression has an empty name.
  package var parts: [(column: String, isDescending: Bool)]
  package var isUnique: Bool
  package var isPartial: Bool
  /// It stands behind a PRIMARY KEY or UNIQUE constraint and cannot be dropped alone.
  package var isConstraint: Bool
  /// PostgreSQL: false where making it was broken off. It serves no read.
  package var isValid = true
  /// PostgreSQL: the index of the whole table that it is a part of.
  package var whole: String?
  /// It has an order: other kinds (GIN, BRIN, hash) have none.
  package var isOrdered = true
  /// For each part: null is its highest value. SQLite's is always the lowest.
  package var nullIsHighest: [Bool] = []
}
