/// The statements that make and remove an index of words.
extension WordsIndex {
  /// Makes it over the rows that are there.
  ///
  /// - Parameter isOnline: PostgreSQL: nobody waits for it; each statement runs outside a transaction.
  func creation(_ dialect: Dialect, isOnline: Bool = false) -> [String] {
    switch dialect {
    case .postgres: [WordsFunction.creation, postgresIndex(isOnline).text(.postgres)]
    case .sqlite: ([wordTable, rowTable] + filling + [insertion, change, deletion]).map { $0.text(.sqlite) }
    }
  }

  /// Removes the one of that name, which may be an earlier one.
  static func removal(_ name: String, schema: String?, _ dialect: Dialect) -> [String] {
    let statements: [SQL] =
      switch dialect {
      case .postgres: [SQL("DROP INDEX CONCURRENTLY IF EXISTS ") + SQL(table: name, schema: schema)]
      case .sqlite:
        ["_insert", "_update", "_delete"].map { SQL("DROP TRIGGER IF EXISTS ") + SQL(identifier: name + $0) }
          + ["", "_rows"].map { SQL("DROP TABLE IF EXISTS ") + SQL(identifier: name + $0) }
      }
    return statements.map { $0.text(dialect) }
  }

  /// Without a list of pending entries, which every search would read.
  ///
  /// - Parameters:
  ///   - isOfWhole: of a table in parts, whose parts have theirs made and put on one by one.
  ///   - part: of that part alone, and its name there.
  func postgresIndex(_ isOnline: Bool, isOfWhole: Bool = false, of part: (table: LivePart, name: String)? = nil) -> SQL {
    var sql =
      SQL("CREATE INDEX ") + SQL(isOnline ? "CONCURRENTLY " : "") + SQL(identifier: part?.name ?? name)
      + SQL(isOfWhole ? " ON ONLY " : " ON ") + SQL(table: part?.table.name ?? table, schema: part?.table.schema ?? schema)
      + SQL(" USING gin (")
    for (place, field) in fields.enumerated() {
      if place > 0 { sql.append(", ") }
      sql = sql + SQL("(") + WordsIndex.lexemes(SQL(identifier: column(field))) + SQL(")")
    }
    return sql + SQL(") WITH (fastupdate = off)")
  }

  private var wordTable: SQL {
    var sql = SQL("CREATE VIRTUAL TABLE ") + SQL(identifier: name) + SQL(" USING fts5(")
    for place in fields.indices { sql = sql + SQL(identifier: word(place)) + SQL(", ") }
    let options =
      "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc' separators '" + WordsIndex.signs + "'"
    // Beginnings of two and three letters have doclists of their own: many words begin with them.
    return sql + SQL("content='', columnsize=0, prefix='2 3', tokenize=") + SQL(literal: options) + SQL(")")
  }

  private static var signs: String {
    var signs = String.UnicodeScalarView()
    for start in stride(from: 0, to: WordTables.signs.count, by: 2) {
      for value in WordTables.signs[start]...WordTables.signs[start + 1] {
        if let scalar = Unicode.Scalar(value) { signs.append(scalar) }
      }
    }
    return String(signs)
  }

  /// A table's rows have no number that stays: `VACUUM` gives them others, and some tables have none at all.
  private var rowTable: SQL {
    var sql = SQL("CREATE TABLE ") + SQL(identifier: rows) + SQL(" (\"row\" INTEGER PRIMARY KEY, ") + SQL(identifier: key.name) + SQL(" ")
    sql.append(printed: key.kind.columnType(.sqlite, precision: nil))
    return sql + SQL(" NOT NULL UNIQUE) STRICT")
  }

  private var filling: [SQL] {
    [
      SQL("INSERT INTO ") + SQL(identifier: rows) + SQL(" ") + SQL(columns: [key.name]) + SQL(" SELECT ") + SQL(identifier: key.name)
        + SQL(" FROM ") + SQL(identifier: table),
      entry + SQL("SELECT r.\"row\"") + values("t.") + SQL(" FROM ") + SQL(identifier: table) + SQL(" AS t JOIN ") + SQL(identifier: rows)
        + SQL(" AS r ON r.") + SQL(identifier: key.name) + SQL(" = t.") + SQL(identifier: key.name),
    ]
  }

  private var insertion: SQL {
    trigger(0, "INSERT")
      + SQL(" BEGIN INSERT INTO ") + SQL(identifier: rows) + SQL(" ") + SQL(columns: [key.name]) + SQL(" VALUES (new.")
      + SQL(identifier: key.name) + SQL("); ") + entering + SQL("; END")
  }

  /// Only where a text or the key becomes another.
  private var change: SQL {
    var sql = trigger(1, "UPDATE") + SQL(" WHEN ")
    for name in fields.map(column) + [key.name] {
      if name != column(fields[0]) { sql.append(" OR ") }
      sql = sql + SQL("old.") + SQL(identifier: name) + SQL(" IS NOT new.") + SQL(identifier: name)
    }
    return sql + SQL(" BEGIN ") + leaving + SQL("; UPDATE ") + SQL(identifier: rows) + SQL(" SET ") + SQL(identifier: key.name)
      + SQL(" = new.") + SQL(identifier: key.name) + SQL(" WHERE ") + SQL(identifier: key.name) + SQL(" = old.")
      + SQL(identifier: key.name) + SQL("; ") + entering + SQL("; END")
  }

  private var deletion: SQL {
    trigger(2, "DELETE") + SQL(" BEGIN ") + leaving + SQL("; DELETE FROM ") + SQL(identifier: rows) + SQL(" WHERE ")
      + SQL(identifier: key.name) + SQL(" = old.") + SQL(identifier: key.name) + SQL("; END")
  }

  private func trigger(_ place: Int, _ event: StaticString) -> SQL {
    SQL("CREATE TRIGGER ") + SQL(identifier: triggers[place]) + SQL(" AFTER ") + SQL(event) + SQL(" ON ") + SQL(identifier: table)
  }

  private var entering: SQL { entry + SQL("SELECT r.\"row\"") + values("new.") + row("new.") }

  /// FTS5 holds no texts: to let go of a row's words it is told what they were.
  private var leaving: SQL {
    var sql = SQL("INSERT INTO ") + SQL(identifier: name) + SQL(" (") + SQL(identifier: name) + SQL(", rowid")
    for place in fields.indices { sql = sql + SQL(", ") + SQL(identifier: word(place)) }
    return sql + SQL(") SELECT 'delete', r.\"row\"") + values("old.") + row("old.")
  }

  private var entry: SQL {
    var sql = SQL("INSERT INTO ") + SQL(identifier: name) + SQL(" (rowid")
    for place in fields.indices { sql = sql + SQL(", ") + SQL(identifier: word(place)) }
    return sql + SQL(") ")
  }

  private func values(_ alias: StaticString) -> SQL {
    var sql = SQL()
    for field in fields { sql = sql + SQL(", ") + SQL(alias) + SQL(identifier: column(field)) }
    return sql
  }

  private func row(_ alias: StaticString) -> SQL {
    SQL(" FROM ") + SQL(identifier: rows) + SQL(" AS r WHERE r.") + SQL(identifier: key.name) + SQL(" = ") + SQL(alias)
      + SQL(identifier: key.name)
  }
}
