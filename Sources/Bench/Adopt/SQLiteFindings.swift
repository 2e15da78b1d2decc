import Store

/// What a SQLite file holds. Its columns say little: what their rows hold decides.
struct SQLiteFindings {
  private let inspector: SchemaInspector

  init(_ store: any Store) { inspector = SchemaInspector(store) }

  func tables() async throws(StoreError) -> [FoundTable] {
    let live = try await inspector.inspect()
    var found: [FoundTable] = []
    for table in live.tables where !table.name.hasPrefix("_martlet_") && !isVirtual(table, live) {
      found.append(try await self.table(table))
    }
    return found
  }

  private func table(_ live: LiveTable) async throws(StoreError) -> FoundTable {
    var scales: [String: Int] = [:]
    for column in live.columns { scales[column.name] = DeclaredType(column.type).scale }
    let surveys = try await inspector.survey(live, scales: scales)
    var table = FoundTable(name: live.name)
    table.isReadOnly = live.isView
    table.foreignKeys = live.foreignKeys
    table.indexes = live.indexes
    let (checks, others) = live.isView ? ([:], []) : ColumnChecks.read(live.definition)
    table.notes = others.map { "the database also checks: \($0)" }
    if live.isView {
      for column in live.columns.prefix(16) where table.key.isEmpty && (surveys[column.name]?.values ?? 0) > 0 {
        if try await inspector.isDistinct(column.name, in: live) { table.key = [column.name] }
      }
      table.isKeyGuessed = true
    } else {
      table.key = FoundTable.key(of: live)
    }
    for column in live.columns {
      var texts: [String] = []
      if DeclaredType(column.type).isBoolean, (surveys[column.name]?.texts ?? 0) > 0 {
        texts = try await inspector.texts(of: column.name, in: live, limit: 3)
      }
      let isIndexed = live.indexes.contains { $0.parts.contains { $0.column == column.name } }
      let survey = surveys[column.name] ?? ColumnSurvey()
      let reading = ColumnReading(
        declared: DeclaredType(column.type), survey: survey, texts: texts, checks: checks[column.name.lowercased()] ?? ColumnChecks(),
        isIndexed: isIndexed || table.key.contains(column.name))
      table.columns.append(self.column(column, reading, isView: live.isView))
    }
    return table
  }

  private func column(_ live: LiveColumn, _ reading: ColumnReading, isView: Bool) -> FoundColumn {
    let survey = reading.survey
    var column = FoundColumn(name: live.name, typeText: live.type)
    column.isNullable = live.isNullable
    column.isGenerated = live.isGenerated
    column.type = reading.form()
    column.key = key(live.name, survey, reading.declared, isView: isView)
    column.defaultValue = defaultValue(live, type: column.type?.name)
    column.hasDefault = live.defaultText != nil
    column.nullRows = survey.rows - survey.values
    column.oddNumbers = survey.texts + survey.reals + survey.blobs
    return column
  }

  private func key(_ name: String, _ survey: ColumnSurvey, _ declared: DeclaredType, isView: Bool) -> FoundColumn.Key {
    if survey.texts > 0, survey.integers + survey.reals > 0 {
      return .none(reason: "its key \(name) holds texts and numbers: not part of the contract")
    }
    if survey.texts == 0, survey.reals == 0, survey.blobs == 0, declared.isInteger || survey.integers > 0 {
      // Only a column of exactly this type is the row's own number, which SQLite makes.
      let isNumbered = declared.name == "INTEGER" && !isView
      return .form([("type", "integer")] + (isNumbered ? [] : [("generated", "false")]))
    }
    if survey.blobs > 0 ? survey.sixteens == survey.values : declared.isUUID && survey.values == 0 { return .form([("type", "uuid")]) }
    if survey.blobs == 0, survey.reals == 0 {
      let most = max(declared.numbers.first ?? 255, survey.lengthMax)
      return .form([("type", "string"), ("length", "1..\(min(max(1, most), AdoptedField.indexedLengthMax))")])
    }
    return .none(reason: "its key \(name) has no form in a contract: not part of it")
  }

  private func defaultValue(_ column: LiveColumn, type: String?) -> FoundColumn.Default {
    guard let text = column.defaultText, !column.isGenerated, text.uppercased() != "NULL" else { return .none }
    if text.uppercased() == "CURRENT_TIMESTAMP", type == "timestamp" { return .option("now") }
    if type == "integer", let number = Int64(text) { return .option(String(number)) }
    if type == "boolean", text == "0" || text == "1" { return .option(text == "1" ? "true" : "false") }
    guard ["string", "text", "enum"].contains(type), let value = SQLTokens.literal(text) else { return .foreign(text) }
    return .option(ContractText.quoted(value))
  }

  /// A virtual table (full-text search) or one that lies behind it.
  private func isVirtual(_ table: LiveTable, _ live: LiveSchema) -> Bool {
    if table.definition.uppercased().hasPrefix("CREATE VIRTUAL") { return true }
    let endings = ["_content", "_data", "_idx", "_docsize", "_config", "_segments", "_segdir", "_stat", "_node", "_parent", "_rowid"]
    return live.tables.contains { other in
      other.definition.uppercased().hasPrefix("CREATE VIRTUAL") && endings.contains { table.name == other.name + $0 }
    }
  }
}
