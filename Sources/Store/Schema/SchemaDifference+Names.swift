/// Tables and columns that have another name by now (`was` in the contract).
extension SchemaDifference {
  /// The statements, and what the database looks like behind them. Making another table or column would leave the rows behind.
  func renamings() -> (changes: [SchemaChange], live: LiveSchema) {
    var changes: [SchemaChange] = []
    var live = live
    for table in wanted where table.isManaged {
      if let was = table.was, live.table(table.name, schema: table.schema) == nil,
        let place = live.place(of: was, schema: table.schema), !live.tables[place].isView
      {
        let rename = SQL("ALTER TABLE ") + SQL(table: was, schema: table.schema) + SQL(" RENAME TO ") + SQL(identifier: table.name)
        var change = renaming(was, table.schema, "rename table \(was) to \(table.name)", rename)
        change.statements.append(SchemaNotes.renaming(was, to: table.name, dialect))
        let back = SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" RENAME TO ") + SQL(identifier: was)
        change.reversal = .statements([back.text(dialect), SchemaNotes.renaming(table.name, to: was, dialect)])
        changes.append(change)
        live.rename(tableAt: place, to: table.name)
      }
      guard let place = live.place(of: table.name, schema: table.schema), !live.tables[place].isView else { continue }
      for column in table.columns {
        guard let was = column.was, live.tables[place].column(column.name) == nil, live.tables[place].column(was) != nil else { continue }
        let rename =
          SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" RENAME COLUMN ") + SQL(identifier: was)
          + SQL(" TO ") + SQL(identifier: column.name)
        var change = renaming(table.name, table.schema, "rename column \(table.name).\(was) to \(column.name)", rename)
        let back =
          SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" RENAME COLUMN ") + SQL(identifier: column.name)
          + SQL(" TO ") + SQL(identifier: was)
        change.reversal = .statements([back.text(dialect)])
        changes.append(change)
        live.rename(column: was, to: column.name, inTableAt: place)
      }
    }
    return (changes, live)
  }

  private func renaming(_ table: String, _ schema: String?, _ description: String, _ statement: SQL) -> SchemaChange {
    SchemaChange(
      table: table, schema: schema, description: description, statements: [statement.text(dialect)], safety: .locks,
      form: dialect == .postgres ? .brief : .together,
      caution: "processes that run the old contract would lose it: rename it when none does", endsRound: true)
  }
}

extension LiveSchema {
  func place(of name: String, schema: String?) -> Int? {
    let wanted = defaultSchema == nil ? nil : schema ?? defaultSchema
    return tables.firstIndex { $0.name == name && $0.schema == wanted }
  }

  fileprivate mutating func rename(tableAt place: Int, to name: String) {
    let old = tables[place].name
    tables[place].name = name
    for other in tables.indices {
      for key in tables[other].foreignKeys.indices where tables[other].foreignKeys[key].table == old {
        tables[other].foreignKeys[key].table = name
      }
    }
  }

  fileprivate mutating func rename(column old: String, to name: String, inTableAt place: Int) {
    func renamed(_ column: String) -> String { column == old ? name : column }
    for index in tables[place].columns.indices where tables[place].columns[index].name == old {
      tables[place].columns[index].name = name
    }
    tables[place].key = tables[place].key.map(renamed)
    for index in tables[place].indexes.indices {
      tables[place].indexes[index].parts = tables[place].indexes[index].parts.map { (renamed($0.column), $0.isDescending) }
    }
    for key in tables[place].foreignKeys.indices {
      tables[place].foreignKeys[key].columns = tables[place].foreignKeys[key].columns.map(renamed)
    }
    let table = tables[place].name
    for other in tables.indices {
      for key in tables[other].foreignKeys.indices where tables[other].foreignKeys[key].table == table {
        tables[other].foreignKeys[key].targets = tables[other].foreignKeys[key].targets.map(renamed)
      }
    }
  }
}
