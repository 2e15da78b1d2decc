import Base

extension SchemaInspector {
  func inspectSQLite() async throws(StoreError) -> LiveSchema {
    var tables: [LiveTable] = []
    var places: [String: Int] = [:]
    for row in try await rows("SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid") {
      guard !row.text(0).hasPrefix("sqlite_") else { continue }
      var table = LiveTable(name: row.text(0))
      table.isView = row.text(1) == "view"
      table.definition = row.text(2)
      table.checks = SchemaInspector.constraintNames(in: table.definition)
      places[table.name] = tables.count
      tables.append(table)
    }
    try await readColumns(&tables, places)
    try await readKeys(&tables, places)
    for row in try await rows("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid") {
      guard let place = places[row.text(0)] else { continue }
      tables[place].triggers.append(row.text(1))
    }
    var schema = LiveSchema()
    schema.tables = tables
    return schema
  }

  private func readColumns(_ tables: inout [LiveTable], _ places: [String: Int]) async throws(StoreError) {
    var found = try await rows(
      """
      SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
      FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c WHERE m.type = 'table' ORDER BY m.rowid, c.cid
      """)
    for view in tables where view.isView {
      // A view over a table that is gone cannot be looked into: it then has no columns.
      let columns = try? await store.inspect(
        "SELECT ?1, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden FROM pragma_table_xinfo(?1) AS c ORDER BY c.cid",
        [.string(view.name)])
      found += (columns ?? []).map(InspectedRow.init)
    }
    var keys: [Int: [(place: Int, column: String)]] = [:]
    for row in found {
      // Hidden 1 is a virtual table's own column; 2 and 3 are generated ones.
      guard let place = places[row.text(0)], row.number(6) != 1 else { continue }
      let keyPlace = row.number(5)
      tables[place].columns.append(
        LiveColumn(
          name: row.text(1), type: row.text(2), isNullable: !row.flag(3) && keyPlace == 0, defaultText: row[4],
          isGenerated: row.number(6) > 1))
      if keyPlace > 0 { keys[place, default: []].append((keyPlace, row.text(1))) }
    }
    for (place, parts) in keys { tables[place].key = parts.sorted { $0.place < $1.place }.map(\.column) }
  }

  private func readKeys(_ tables: inout [LiveTable], _ places: [String: Int]) async throws(StoreError) {
    let references = try await rows(
      """
      SELECT m.name, f.id, f."table", f."from", f."to", f.on_delete
      FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' ORDER BY m.rowid, f.id DESC, f.seq
      """)
    var last: (table: String, id: Int)?
    for row in references {
      guard let place = places[row.text(0)] else { continue }
      if let last, last == (row.text(0), row.number(1)) {
        let end = tables[place].foreignKeys.count - 1
        tables[place].foreignKeys[end].columns.append(row.text(3))
        if let target = row[4] { tables[place].foreignKeys[end].targets.append(target) }
      } else {
        tables[place].foreignKeys.append(
          LiveForeignKey(
            name: nil, columns: [row.text(3)], table: row.text(2), targets: row[4].map { [$0] } ?? [], onDelete: row.text(5)))
      }
      last = (row.text(0), row.number(1))
    }
    let indexes = try await rows(
      """
      SELECT m.name, i.name, i."unique", i.origin, i.partial, x.name, x."desc"
      FROM sqlite_master AS m, pragma_index_list(m.name) AS i, pragma_index_xinfo(i.name) AS x
      WHERE m.type = 'table' AND x.key = 1 ORDER BY m.rowid, i.seq DESC, x.seqno
      """)
    for row in indexes {
      guard let place = places[row.text(0)] else { continue }
      let part = (column: row.text(5), isDescending: row.flag(6))
      if let end = tables[place].indexes.indices.last, tables[place].indexes[end].name == row.text(1) {
        tables[place].indexes[end].parts.append(part)
      } else {
        tables[place].indexes.append(
          LiveIndex(
            name: row.text(1), parts: [part], isUnique: row.flag(2), isPartial: row.flag(4), isConstraint: row.text(3) != "c"))
      }
    }
  }

  func rows(_ statement: String) async throws(StoreError) -> [InspectedRow] {
    try await store.inspect(statement, []).map(InspectedRow.init)
  }

  /// The names that follow `CONSTRAINT "` in a table's own statement: those that Martlet gave.
  static func constraintNames(in definition: String) -> Set<String> {
    var names: Set<String> = []
    for part in definition.split(separator: "CONSTRAINT \"").dropFirst() {
      if let end = part.firstIndex(of: "\"") { names.insert(String(part[..<end])) }
    }
    return names
  }
}
