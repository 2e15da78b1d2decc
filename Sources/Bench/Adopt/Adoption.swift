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
      let text = try await contract(over: store, url: SQLiteStore.url(of: path), service: service)
      await store.close()
      return text
    } catch {
      await store.close()
      throw error
    }
  }

  /// The contract's text for a database. It is only read.
  ///
  /// - Parameters:
  ///   - url: where it is, as the contract will say; a password in it is left out.
  ///   - service: the service's name; nil for the database's.
  /// - Throws: the store's error where the database cannot be read.
  package static func contract(over store: any Store, url: String, service: String? = nil) async throws(StoreError) -> String {
    let place = AdoptedURL(url)
    let tables: [FoundTable]
    switch store.dialect {
    case .sqlite: tables = try await SQLiteFindings(store).tables()
    case .postgres: tables = try await PostgresFindings(store).tables()
    }
    return text(tables, service: service ?? place.name, url: place.text)
  }

  /// The contract's text for tables that were found.
  static func text(_ found: [FoundTable], service: String, url: String) -> String {
    let tables = served(found)
    var names = AdoptedNames()
    for table in tables { names.addResource(table) }
    let resources = tables.map { AdoptedResource($0, among: tables, names: names) }
    return ContractText.write(resources: link(resources), callers: names.callers, service: AdoptedNames.snakeCase(service), url: url)
  }

  /// The tables, those that a contract cannot have among the others with the reason.
  private static func served(_ found: [FoundTable]) -> [FoundTable] {
    var seen: [String: String] = [:]
    var count = 0
    return found.map { table in
      var table = table
      guard table.refusal == nil else { return table }
      if !AdoptedNames.isColumn(table.name) || !(table.schema.map(AdoptedNames.isColumn) ?? true) {
        table.refusal = "a contract has no form for its name: not part of it"
      } else if table.keyForm().form != nil {
        if let other = seen[table.label.lowercased()] {
          table.refusal = "only case tells its name from that of \(other), which a contract does not tell apart: not part of it"
        } else if count == AdoptedResource.resourcesMax {
          table.refusal = "a contract has \(AdoptedResource.resourcesMax) such resources at most: not part of it"
        } else {
          seen[table.label.lowercased()] = table.label
          count += 1
        }
      }
      return table
    }
  }

  /// Gives each resource the lists of those that refer to it.
  private static func link(_ resources: [AdoptedResource]) -> [AdoptedResource] {
    var result = resources
    for resource in resources where resource.key != nil {
      for field in resource.fields {
        guard let target = field.reference, let place = result.firstIndex(where: { $0.name == target }) else { continue }
        let isOnly = resource.fields.filter { $0.reference == target }.count == 1
        let name = AdoptedNames.plural(resource.name) + (isOnly && target != resource.name ? "" : "_by_\(field.name)")
        result[place].addCollection(name, of: resource.name, by: field.name)
      }
    }
    return result
  }
}
