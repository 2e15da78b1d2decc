import Base
import YAML

extension ContractReader {
  /// Paths of the API that a resource must not hide.
  static let reservedResources: Set<String> = ["queries", "batch", "openapi", "docs", "health", "metrics", "problems"]

  func readResources() {
    let members = root["resources"]?.members ?? []
    if members.count > ContractReader.resourcesMax, let node = root["resources"] {
      findings.report(.outOfRange, "more than \(ContractReader.resourcesMax) resources", at: node.mark)
    }
    for member in members.prefix(ContractReader.resourcesMax) { readResource(member) }
    placeUsers()
    for (place, draft) in drafts.enumerated() { places[draft.resource.name] = place }
    checkRenames()
    checkTables()
  }

  private func readResource(_ member: YAMLMember) {
    let name = member.key.text
    guard Name.isIdentifier(name) else { return }
    let isReserved = ["sqlite_", "pg_", "martlet_"].contains { name.lowercased().hasPrefix($0) }
    if ContractReader.reservedResources.contains(name) || isReserved {
      findings.report(.reservedName, "a resource cannot be named \"\(name)\"", at: member.key.mark)
    }
    var draft = ResourceDraft(name)
    draft.key = member.key
    draft.node = member.value
    readStorage(&draft)
    if !draft.isAdopted, !Name.isSnakeCase(name) {
      findings.report(
        .malformedName, "the resource \"\(name)\" is not a snake_case name", at: member.key.mark,
        suggestion: Name.snakeCase(of: name).map { "did you mean \"\($0)\"?" })
    }
    readOptions(&draft)
    let fields = member.value["fields"]?.members ?? []
    if fields.count > 500 { findings.report(.outOfRange, "\(name) has more than 500 fields", at: member.value.mark) }
    for field in fields.prefix(500) { FieldDeclarationReader(self, field).read(into: &draft) }
    drafts.append(draft)
  }

  /// `table`, `schema`, `managed`, `read_only`, `revision`. The key follows when every field is known.
  private func readStorage(_ draft: inout ResourceDraft) {
    guard let node = draft.node else { return }
    var storage = draft.resource.storage
    if let table = node["table"]?.string { storage.table = table }
    storage.schema = node["schema"]?.string
    storage.isReadOnly = node["read_only"]?.boolean ?? false
    // The callers' own table may have another name; it is made here all the same.
    draft.isAdopted = draft.resource.name != "users" && (node["table"] != nil || storage.isReadOnly)
    storage.isManaged = node["managed"]?.boolean ?? !draft.isAdopted
    storage.hasRevision = node["revision"] == nil
    storage.hasTimestamps = storage.isManaged || storage.hasRevision
    if storage.isReadOnly, storage.isManaged {
      findings.report(
        .conflictingOptions, "\(draft.resource.name) is read_only and managed: what Martlet makes it can write", at: node.mark)
    }
    draft.resource.storage = storage
  }

  private func readOptions(_ draft: inout ResourceDraft) {
    guard let node = draft.node else { return }
    draft.resource.description = node["description"]?.string
    draft.resource.concurrencyRequired = node["concurrency"] != nil
    draft.resource.idempotencyRequired = node["idempotency"] != nil
    draft.resource.isSoftDeleted = node["delete"] != nil
    draft.resource.hasHistory = node["history"]?.boolean ?? false
    if draft.resource.hasHistory, draft.resource.storage.isReadOnly {
      findings.report(
        .conflictingOptions, "\(draft.resource.name) is read_only: no change is made here that could be read back",
        at: node["history"]?.mark ?? node.mark)
    }
    draft.resource.cacheLifetime = node["cache"]?.string.flatMap(DurationForm.duration)
    draft.resource.retention = node["retain"]?.string.flatMap(DurationForm.duration)
    if let partition = node["partition"], let every = partition["every"]?.string.flatMap(Partitioning.Period.init) {
      draft.resource.partitioning = Partitioning(every: every, keep: partition["keep"]?.integer.map { Int(clamping: $0) })
    }
    if let scan = node["scan"]?.integer { draft.resource.scanMax = Int(clamping: scan) }
    draft.resource.was = node["was"]?.string
    if draft.resource.concurrencyRequired, !draft.resource.storage.hasRevision, !draft.isAdopted {
      findings.report(
        .conflictingOptions, "\(draft.resource.name) requires If-Match but has no revision", at: node["concurrency"]?.mark ?? node.mark)
    }
  }

  /// `users` is always there, and first.
  private func placeUsers() {
    let place = drafts.firstIndex { $0.resource.name == "users" }
    var draft = place.map { drafts.remove(at: $0) } ?? ResourceDraft("users")
    for (name, length) in [("issuer", 512), ("subject", 255)] {
      if let key = draft.fieldKeys[name] {
        findings.report(.fixedResource, "users.\(name) is there already", at: key.mark)
        draft.resource.fields.removeAll { $0.name == name }
      }
      var field = Field(name: name, type: .string(StringOptions(length: 1...length)))
      field.isRequired = true
      field.isImmutable = true
      field.write = .nobody
      draft.resource.fields.insert(field, at: name == "issuer" ? 0 : 1)
    }
    draft.resource.indexes.insert(Index(parts: [.init(field: "issuer"), .init(field: "subject")], isUnique: true), at: 0)
    for field in draft.resource.fields.dropFirst(2) where field.isRequired {
      guard let key = draft.fieldKeys[field.name] else { continue }
      findings.report(
        .fixedResource, "users.\(field.name) cannot be required: a row is made when a token is first seen", at: key.mark,
        suggestion: "leave out required")
    }
    for name in ["id", "managed", "read_only", "revision", "states", "delete"] {
      guard let member = draft.node?.members.first(where: { $0.key.text == name }) else { continue }
      findings.report(.fixedResource, "users cannot have \"\(name)\"", at: member.key.mark)
    }
    draft.resource.storage = Storage(table: draft.node?["table"]?.string ?? "users")
    draft.isAdopted = false
    drafts.insert(draft, at: 0)
  }

  /// What was renamed is gone: its old name cannot stand beside the new one.
  private func checkRenames() {
    for draft in drafts {
      if let was = draft.resource.was, places[was] != nil, let mark = draft.node?["was"]?.mark {
        findings.report(.contradiction, "\(draft.resource.name) was \(was), but there is a resource \(was)", at: mark)
      }
      for field in draft.resource.fields {
        guard let was = field.was, draft.fieldKeys[was] != nil, let mark = draft.fieldNodes[field.name]?["was"]?.mark else { continue }
        findings.report(
          .contradiction, "\(draft.resource.name).\(field.name) was \(was), but there is a field \(was)", at: mark)
      }
    }
  }

  /// No two resources share a table, no two fields a column; both stores' names are compared without case.
  private func checkTables() {
    var tables: [String: String] = [:]
    for draft in drafts {
      let storage = draft.resource.storage
      let table = ((storage.schema.map { $0 + "." } ?? "") + storage.table).lowercased()
      if let other = tables[table], let mark = draft.node?["table"]?.mark ?? draft.key?.mark {
        findings.report(
          .duplicateName, "\(draft.resource.name) has the table of \(other)", at: mark,
          suggestion: other == "users" ? "give the callers' table another name: users: {table: martlet_users}" : nil)
      }
      tables[table] = draft.resource.name
      checkColumns(draft)
    }
  }

  private func checkColumns(_ draft: ResourceDraft) {
    var columns: [String: String] = [:]
    let storage = draft.resource.storage
    if storage.hasTimestamps { (columns["created_at"], columns["updated_at"]) = ("created_at", "updated_at") }
    if storage.hasRevision { columns["revision"] = "revision" }
    if !draft.isAdopted { columns["id"] = "id" }
    // A field with the engine's own name has been refused already.
    for field in draft.resource.fields where columns[field.name] != field.name {
      var own = [field.column]
      if case .money = field.type { own = [field.column + "_amount", field.column + "_currency"] }
      for column in own {
        if let other = columns[column.lowercased()], let key = draft.fieldKeys[field.name] {
          findings.report(.duplicateName, "\(draft.resource.name).\(field.name) has the column of \(other)", at: key.mark)
        }
        columns[column.lowercased()] = field.name
      }
    }
  }
}
