import Base
import SQLiteStore
package import Store

/// Writes a contract for a database that is there already.
///
/// What a contract cannot say stands beside it as a comment. Every access rule is `nobody`, until a person decides.
package enum Adoption {
  /// The contract's text for `sqlite:PATH`. The file is opened to be read only.
  ///
  /// - Parameter service: the service's name; nil for the file's.
  /// - Throws: the store's error where the database cannot be read.
  package static func contract(of url: String, service: String? = nil) async throws(StoreError) -> String {
    let path = SQLiteStore.path(of: url) ?? url
    var options = SQLiteOptions()
    options.isReadOnly = true
    options.readers = 1
    options.timeout = .seconds(300)
    let store = try SQLiteStore(path: path, options: options)
    do throws(StoreError) {
      let text = try await contract(over: store, url: SQLiteStore.url(of: path), service: service ?? name(of: path))
      await store.close()
      return text
    } catch {
      await store.close()
      throw error
    }
  }

  static func contract(over store: any Store, url: String, service: String) async throws(StoreError) -> String {
    let inspector = SchemaInspector(store)
    let live = try await inspector.inspect()
    let tables = live.tables.filter { !$0.name.hasPrefix("_martlet_") && !isVirtual($0, live) }
    var names = AdoptedNames()
    for table in tables { names.addResource(table.name) }
    var resources: [AdoptedResource] = []
    for table in tables {
      var scales: [String: Int] = [:]
      for column in table.columns { scales[column.name] = DeclaredType(column.type).scale }
      let surveys = try await inspector.survey(table, scales: scales)
      var texts: [String: [String]] = [:]
      for column in table.columns where DeclaredType(column.type).isBoolean && (surveys[column.name]?.texts ?? 0) > 0 {
        texts[column.name] = try await inspector.texts(of: column.name, in: table, limit: 3)
      }
      var distinct: String?
      if table.isView {
        for column in table.columns.prefix(16) where distinct == nil && (surveys[column.name]?.values ?? 0) > 0 {
          if try await inspector.isDistinct(column.name, in: table) { distinct = column.name }
        }
      }
      resources.append(
        AdoptedResource(table, surveys: surveys, texts: texts, distinctColumn: distinct, in: live, names: names))
    }
    return ContractText.write(resources: link(resources), service: AdoptedNames.snakeCase(service), url: url)
  }

  /// Gives each resource the lists of those that refer to it.
  private static func link(_ resources: [AdoptedResource]) -> [AdoptedResource] {
    var result = resources
    for resource in resources {
      for field in resource.fields {
        guard let target = field.reference, let place = result.firstIndex(where: { $0.name == target }) else { continue }
        let isOnly = resource.fields.filter { $0.reference == target }.count == 1
        let name = AdoptedNames.plural(resource.name) + (isOnly && target != resource.name ? "" : "_by_\(field.name)")
        result[place].addCollection(name, of: resource.name, by: field.name)
      }
    }
    return result
  }

  /// A virtual table (full-text search) or one that lies behind it.
  private static func isVirtual(_ table: LiveTable, _ live: LiveSchema) -> Bool {
    if table.definition.uppercased().hasPrefix("CREATE VIRTUAL") { return true }
    let endings = ["_content", "_data", "_idx", "_docsize", "_config", "_segments", "_segdir", "_stat", "_node", "_parent", "_rowid"]
    return live.tables.contains { other in
      other.definition.uppercased().hasPrefix("CREATE VIRTUAL") && endings.contains { table.name == other.name + $0 }
    }
  }

  private static func name(of path: String) -> String {
    let file = path.split(separator: "/").last ?? "service"
    return String(file.prefix { $0 != "." })
  }
}
