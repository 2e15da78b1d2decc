/// Reads what a database holds: tables, columns, keys, indexes, names of checks.
package struct SchemaInspector: Sendable {
  let store: any Store
  /// PostgreSQL's schemas to look into beside the one that unqualified names mean.
  let schemas: [String]
  /// Every schema that the role may use.
  let looksEverywhere: Bool

  package init(_ store: any Store, schemas: [String] = []) {
    self.store = store
    self.schemas = schemas
    looksEverywhere = false
  }

  /// - Parameter everywhere: PostgreSQL: looks into every schema that the role may use, but the server's own.
  package init(_ store: any Store, everywhere: Bool) {
    self.store = store
    schemas = []
    looksEverywhere = everywhere
  }

  package func inspect() async throws(StoreError) -> LiveSchema {
    switch store.dialect {
    case .sqlite: try await inspectSQLite()
    case .postgres: try await inspectPostgres()
    }
  }
}

/// A row of an inspection, read from the left. What is missing reads as empty text.
struct InspectedRow {
  private let texts: [String?]

  init(_ texts: [String?]) { self.texts = texts }

  subscript(_ place: Int) -> String? { place < texts.count ? texts[place] : nil }
  func text(_ place: Int) -> String { self[place] ?? "" }
  func flag(_ place: Int) -> Bool { self[place] == "1" }
  func number(_ place: Int) -> Int { self[place].flatMap { Int($0) } ?? 0 }
}
