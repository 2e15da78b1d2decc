package import Base
package import Contract

/// A table as the contract wants it, in one store's types.
package struct TableDefinition: Sendable {
  package var name: String
  package var schema: String?
  package var columns: [ColumnDefinition] = []
  package var key: [String] = []
  /// Conditions over more than one column.
  package var checks: [CheckDefinition] = []
  package var indexes: [IndexDefinition] = []
  package var words: WordsIndex?
  /// The store numbers the one integer key itself.
  package var isNumbered = false
  /// SQLite: the row lies in the key's own tree. Right for short rows: one descent a read, one tree less a write.
  package var isClustered = false
  /// False: it is only looked at, never made or changed.
  package var isManaged = true
  /// Its resource cannot be written: a view will do.
  package var isReadOnly = false
  /// Its name before its resource was renamed.
  package var was: String?
  /// PostgreSQL: it is cut by its key, which tells a time; and the parts that a new one begins with.
  package var calendar: PartCalendar?
  package var parts: [TablePart] = []

  package init(name: String, schema: String? = nil) {
    self.name = name
    self.schema = schema
  }

  /// The time up to which what was there before may reach, where it becomes a part.
  package var firstCut: Timestamp?

  package func column(_ name: String) -> ColumnDefinition? { columns.first { $0.name == name } }

  /// Every condition by its name, those of columns too.
  package var allChecks: [CheckDefinition] { columns.compactMap(\.check) + checks }
}

package struct ColumnDefinition: Sendable {
  package var name: String
  /// As the store prints it: `TEXT`, `timestamp with time zone`.
  package var type: String
  package var kind: ColumnKind
  package var isNullable: Bool
  package var check: CheckDefinition?
  package var reference: ReferenceDefinition?
  /// A literal that rows get which were there before the column.
  package var defaultLiteral: SQL?
  /// The field's type; nil for a key of one column and what the engine keeps.
  package var field: FieldType?
  /// The database computes it.
  package var isGenerated = false
  /// Its name before its field was renamed.
  package var was: String?
}

package struct CheckDefinition: Sendable {
  /// Ends in a digest of the condition, so that a changed condition has another name: stores print conditions in forms of
  /// their own, but names as they were given.
  package var name: String
  package var condition: SQL
}

package struct ReferenceDefinition: Sendable, Equatable {
  package var name: String
  package var table: String
  package var schema: String?
  package var column: String
  /// `RESTRICT`, `CASCADE`, `SET NULL`
  package var onDelete: String
}

package struct IndexDefinition: Sendable, Equatable {
  package struct Part: Sendable, Equatable {
    package var column: String
    package var isDescending: Bool
    /// Null sorts lowest on every store: PostgreSQL is told so, for columns that may be null only.
    package var isNullable: Bool
  }
  package var name: String
  package var parts: [Part]
  package var isUnique: Bool
  /// It holds only rows in which this column is null.
  package var whereNull: String?
}

extension UInt64 {
  /// A short digest of a text, for names: FNV-1a.
  static func digest(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
  }
}
