import Store

/// What a PostgreSQL database holds, of what the role may see: its catalog says nearly everything.
struct PostgresFindings {
  private let inspector: SchemaInspector

  init(_ store: any Store) { inspector = SchemaInspector(store, everywhere: true) }

  func tables() async throws(StoreError) -> [FoundTable] {
    let live = try await inspector.inspect()
    let relations = try await inspector.relations()
    var found: [FoundTable] = []
    for table in live.tables where !table.name.hasPrefix("_martlet_") {
      guard let relation = relations[[table.schema ?? "", table.name]], !relation.isPartition else { continue }
      found.append(await self.table(table, relation, isDefault: table.schema == live.defaultSchema))
    }
    // What unqualified names mean has the plain names.
    return found.filter { $0.schema == nil } + found.filter { $0.schema != nil }
  }

  private func table(_ live: LiveTable, _ relation: LiveRelation, isDefault: Bool) async -> FoundTable {
    var table = FoundTable(name: live.name, schema: isDefault ? nil : live.schema)
    table.home = live.schema
    table.description = relation.comment.flatMap { $0.isEmpty ? nil : $0 }
    table.foreignKeys = live.foreignKeys
    table.indexes = live.indexes
    table.isReadOnly = relation.kind == .view || relation.kind == .materializedView || relation.refusals.count == 3
    table.refusal = refusal(relation)
    guard table.refusal == nil else { return table }
    table.notes = notes(relation, isReadOnly: table.isReadOnly)
    table.key = FoundTable.key(of: live)
    let checks = PostgresChecks(relation.conditions, of: live)
    table.notes += checks.others.map { "the database also checks: \($0)" }
    let extents = await extents(live, key: table.key)
    if !extents.isThere { table.notes.append("its rows could not be looked at: texts with an index are taken for long ones") }
    for column in live.columns {
      var reading = PostgresColumn(column, extents: extents.known, isSurveyed: extents.isThere, checks: checks[column.name])
      reading.isIndexed = isIndexed(column.name, live, key: table.key)
      table.columns.append(reading.found(description: relation.columnComments[column.name]))
      table.notes += reading.unsaid
    }
    if table.key.isEmpty, table.isReadOnly { await guessKey(&table, live, relation) }
    return table
  }

  private func isIndexed(_ column: String, _ table: LiveTable, key: [String]) -> Bool {
    key.contains(column) || table.indexes.contains { $0.parts.contains { $0.column == column } }
  }

  private func refusal(_ relation: LiveRelation) -> String? {
    if let owner = relation.owner { return "it belongs to the extension \(owner): not part of the contract" }
    if !relation.isReadable { return "the role may not read all of its columns: not part of the contract" }
    if relation.kind == .foreignTable { return "it is a foreign table, whose rows nothing keeps apart: not part of the contract" }
    return nil
  }

  private func notes(_ relation: LiveRelation, isReadOnly: Bool) -> [String] {
    var notes: [String] = []
    if relation.kind == .view || relation.kind == .materializedView {
      notes.append(relation.kind == .view ? "a view" : "a materialized view: it shows what was there when it was last refreshed")
    } else if isReadOnly {
      notes.append("the role may only read it")
    } else if !relation.refusals.isEmpty {
      notes.append("the role may not \(relation.refusals.joined(separator: ", ")): such requests fail")
    }
    if relation.kind == .partitioned { notes.append("a partitioned table: its parts are no resources of their own") }
    if !relation.parents.isEmpty {
      notes.append("it inherits from \(relation.parents.joined(separator: ", ")): its rows are also shown there")
    }
    if !relation.heirs.isEmpty {
      notes.append(
        "\(relation.heirs.joined(separator: ", ")) inherit from it: their rows are among its own, and its key does not keep them apart")
    }
    if relation.hasRowSecurity {
      notes.append("row-level security: the role's policies decide which rows are there, for every caller alike")
    }
    if !relation.triggers.isEmpty { notes.append("triggers: \(relation.triggers.joined(separator: ", "))") }
    notes += relation.exclusions.map { "the database also checks: \($0)" }
    return notes
  }

  /// What the rows say where the types do not: how long texts with an index are, how many digits numbers without bounds have.
  private func extents(_ table: LiveTable, key: [String]) async -> (known: [String: Int], isThere: Bool) {
    let texts = table.columns.filter { PostgresColumn.needsLength($0) && isIndexed($0.name, table, key: key) }.map(\.name)
    let numbers = table.columns.filter(PostgresColumn.needsScale).map(\.name)
    // A view may fail for what its rows hold, and a large table take too long.
    guard let known = try? await inspector.extents(of: table, texts: texts, numbers: numbers) else { return ([:], false) }
    return (known, true)
  }

  /// A column whose values are there in every row and never twice. A materialized view's unique index promises it.
  private func guessKey(_ table: inout FoundTable, _ live: LiveTable, _ relation: LiveRelation) async {
    let promised = live.indexes.first { index in
      index.isUnique && !index.isPartial && index.isValid && index.parts.allSatisfy { !$0.column.isEmpty }
    }
    if let promised, relation.kind == .materializedView {
      table.key = promised.parts.map(\.column)
      table.notes.append("rows with NULL in \(table.key.joined(separator: ", ")) are no records")
      return
    }
    do throws(StoreError) {
      for column in table.columns.prefix(16) {
        guard case .form = column.key, try await inspector.isDistinct(column.name, in: live) else { continue }
        table.key = [column.name]
        table.isKeyGuessed = true
        return
      }
    } catch {
      table.refusal = "its rows could not be looked at (\(error.message)): not part of the contract"
      return
    }
    if table.key.isEmpty { table.refusal = "no column tells its rows apart: not part of the contract" }
  }
}
