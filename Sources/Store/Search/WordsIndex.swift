import Contract

/// The index of the words of a table's searched fields. The database itself keeps it, in the transaction of each change, whoever
/// makes that: on PostgreSQL a GIN index over what a function cuts out of the columns, on SQLite an FTS5 table that holds no texts,
/// a table of the numbers it knows the rows by, and triggers.
package struct WordsIndex: Sendable {
  /// Of the PostgreSQL index and the FTS5 table. It changes with what is indexed, so that an index by that name is the one wanted.
  package let name: String
  /// The searched fields in the order of the record.
  package let fields: [FieldLayout]
  let table: String
  let schema: String?
  let key: ColumnLayout

  /// Nil where nothing is searched.
  init?(table: String, schema: String?, key: [ColumnLayout], fields: [FieldLayout]) {
    let searched = fields.filter { $0.field?.isSearched == true && $0.columns.count == 1 }
    guard !searched.isEmpty, key.count == 1 else { return nil }
    self.table = table
    self.schema = schema
    self.key = key[0]
    self.fields = searched
    let digest = UInt64.digest((["1", table, key[0].name] + searched.map { $0.columns[0].name }).joined(separator: "\u{0}"))
    name = WordsIndex.stem(table) + String(digest, radix: 36)
  }

  /// Every name of a table's index of words begins with this, and goes on with letters and digits alone. At most 40 bytes.
  private static func stem(_ table: String) -> String {
    "_martlet_words_" + String(decoding: table.utf8.filter { $0 < 0x80 }.prefix(24), as: UTF8.self) + "_"
  }

  /// Whether something of that name is the index of a table's words, this one or an earlier one.
  static func isName(_ name: String, of table: String) -> Bool {
    let stem = stem(table)
    return name.hasPrefix(stem) && name.utf8.dropFirst(stem.utf8.count).allSatisfy { $0 != UInt8(ascii: "_") }
  }

  func column(_ field: FieldLayout) -> String { field.columns[0].name }

  // MARK: PostgreSQL

  /// The words of a column, as PostgreSQL's indexes hold them.
  static func lexemes(_ column: SQL) -> SQL {
    SQL("array_to_tsvector(array_remove(string_to_array(") + words(column) + SQL(", ' '), ''))")
  }

  /// The words of a column, each after a space but the first.
  static func words(_ column: SQL) -> SQL {
    var sql = SQL()
    sql.append(identifier: WordsFunction.name)
    return sql + SQL("(") + column + SQL(")")
  }

  // MARK: SQLite

  var rows: String { name + "_rows" }
  var triggers: [String] { ["_insert", "_update", "_delete"].map { name + $0 } }

  /// The FTS5 table's own names for the columns: some names mean something to it.
  func word(_ place: Int) -> String { "c\(place)" }
}
