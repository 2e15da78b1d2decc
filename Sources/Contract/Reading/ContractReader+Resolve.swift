import Base
import YAML

/// What points from one resource to another, now that all are known.
extension ContractReader {
  func resolve() {
    edit { readSingleKey(&$0) }
    edit { resolveRefs(&$0) }
    edit { readCompositeKey(&$0) }
    edit {
      checkRefs($0)
      resolveInverses(&$0)
      IndexReader(self).read(&$0)
      checkRetention($0)
      checkPartition($0)
      readStates(&$0)
      closeForLater(&$0)
    }
    resolveSoftDeletion()
  }

  private func readSingleKey(_ draft: inout ResourceDraft) {
    guard let id = draft.node?["id"] else { return }
    if id.string == "client" { draft.resource.clientChoosesID = true }
    guard let column = id["column"]?.string else { return }
    let name = draft.resource.name
    if id["columns"] != nil {
      findings.report(.contradiction, "\(name).id has column and columns: one of them", at: id.mark)
    }
    let text = id["type"]?.string ?? "uuid"
    guard ["uuid", "integer", "string"].contains(text), let plain = FieldType.plain(text) else {
      findings.report(.invalidKey, "\(name).id: a key is uuid, integer or string, not \(text)", at: id["type"]?.mark ?? id.mark)
      return
    }
    var type = plain
    if case .string = plain, let (low, high) = id["length"]?.scalarText.flatMap(RangeForm.parse), low <= high {
      type = .string(StringOptions(length: low...high))
    }
    var key = KeyColumn(name: "id", column: column, type: type)
    key.isGenerated = id["generated"]?.boolean ?? (text == "integer")
    draft.resource.storage.key = [key]
    if !key.isGenerated, text != "uuid" { draft.resource.clientChoosesID = true }
    if !draft.isAdopted, draft.resource.storage.isManaged, column != "id" || text != "uuid" {
      findings.report(
        .invalidKey, "\(name).id: only the key of an adopted table can be another than Martlet's own", at: id.mark,
        suggestion: "say table: \(name)")
    }
  }

  private func resolveRefs(_ draft: inout ResourceDraft) {
    for place in draft.resource.fields.indices {
      guard case .ref(var reference) = draft.resource.fields[place].type, let target = self.draft(reference.resource),
        target.resource.storage.key.count == 1
      else { continue }
      reference.keyType = target.resource.storage.key[0].type
      draft.resource.fields[place].type = .ref(reference)
    }
  }

  private func readCompositeKey(_ draft: inout ResourceDraft) {
    guard let id = draft.node?["id"], let columns = id["columns"] else { return }
    let name = draft.resource.name
    if !draft.isAdopted {
      findings.report(
        .invalidKey, "\(name).id: only an adopted table can have a composite key", at: id.mark, suggestion: "say table: \(name)")
    }
    var key: [KeyColumn] = []
    for item in columns.items {
      guard let column = item.string else { continue }
      guard let place = draft.resource.fields.firstIndex(where: { $0.column == column || $0.name == column }) else {
        findings.report(
          .invalidKey, "\(name).id: no field has the column \"\(column)\"", at: item.mark,
          suggestion: Suggestion.question(column, in: draft.resource.fields.map(\.column)))
        continue
      }
      let field = draft.resource.fields[place]
      guard field.isRequired || field.isGenerated else {
        findings.report(.invalidKey, "\(name).id: \(field.name) must be required to be part of the key", at: item.mark)
        continue
      }
      if key.contains(where: { $0.column == field.column }) {
        findings.report(.invalidKey, "\(name).id: \"\(column)\" stands twice", at: item.mark)
        continue
      }
      var type = field.type
      if case .ref(let reference) = type { type = reference.keyType }
      var part = KeyColumn(name: field.name, column: field.column, type: type)
      part.isGenerated = field.isGenerated
      key.append(part)
      // A part of the key is who the record is.
      draft.resource.fields[place].isImmutable = true
    }
    if !key.isEmpty { draft.resource.storage.key = key }
    draft.resource.clientChoosesID = true
  }

  private func checkRefs(_ draft: ResourceDraft) {
    for field in draft.resource.fields {
      guard case .ref(let reference) = field.type, let node = draft.fieldNodes[field.name]?["ref"] else { continue }
      let place = "\(draft.resource.name).\(field.name)"
      guard let target = self.draft(reference.resource) else {
        unknownResource(reference.resource, place, at: node)
        continue
      }
      if target.resource.storage.key.count > 1 {
        findings.report(
          .invalidReference, "\(place): the key of \(reference.resource) has \(target.resource.storage.key.count) columns", at: node.mark)
      }
      if reference.onDelete == .setNull, draft.resource.states?.field == field.name {
        findings.report(.contradiction, "\(place): a state cannot be set to null", at: node.mark)
      }
    }
  }

  private func resolveInverses(_ draft: inout ResourceDraft) {
    let name = draft.resource.name
    for collection in draft.resource.collections {
      guard let node = draft.fieldNodes[collection.name], let many = node["many"], let by = node["by"] else { continue }
      guard let target = self.draft(collection.resource) else {
        unknownResource(collection.resource, "\(name).\(collection.name)", at: many)
        continue
      }
      if target.broken.contains(collection.by) { continue }
      if case .ref(let reference) = target.resource.field(collection.by)?.type, reference.resource == name { continue }
      let back = target.resource.fields.filter { field in
        if case .ref(let reference) = field.type { reference.resource == name } else { false }
      }
      let suggestion =
        back.count == 1 ? "did you mean \"\(back[0].name)\"?" : Suggestion.question(collection.by, in: back.map(\.name))
      findings.report(
        .invalidInverse, "\(name).\(collection.name): \(collection.resource).\(collection.by) is no ref to \(name)", at: by.mark,
        suggestion: suggestion)
    }
  }

  /// Old records are found by the key or by `created_at`, and by nothing that would have to be searched for.
  private func checkRetention(_ draft: ResourceDraft) {
    guard draft.resource.retention != nil, let node = draft.node?["retain"] else { return }
    let resource = draft.resource
    if resource.isUsers {
      findings.report(.fixedResource, "users cannot be retained for a time: tokens bring them back", at: node.mark)
    } else if !resource.storage.isManaged || !resource.storage.hasTimestamps || resource.storage.key.count != 1 {
      findings.report(.conflictingOptions, "\(resource.name).retain: the table is not Martlet's own", at: node.mark)
    } else if !resource.keyTellsTime, !resource.indexes.contains(where: { $0.parts.first?.field == "created_at" }) {
      findings.report(
        .conflictingOptions, "\(resource.name).retain needs an index to find old records by: keys that clients choose do not tell",
        at: node.mark, suggestion: "add indexes: [[created_at]]")
    }
  }

  /// Guarantees that are not there yet, and whose absence would do harm, close what they are about.
  private func closeForLater(_ draft: inout ResourceDraft) {
    guard let node = draft.node else { return }
    let name = draft.resource.name
    func close(_ key: String, _ message: String) {
      guard let member = node.members.first(where: { $0.key.text == key }) else { return }
      findings.report(.closedUntilServed, "\(name).\(key) is accepted; this version \(message)", at: member.key.mark)
    }
    if let by = node["tenancy"]?["by"] {
      if let field = by.string, !draft.knows(field) { unknownField(field, draft, name, at: by) }
      close("tenancy", "does not serve tenancy yet and closes the resource")
    }
  }

  /// Reports a field that is not there.
  func unknownField(_ field: String, _ draft: ResourceDraft, _ what: String, at node: YAMLNode) {
    findings.report(
      .unknownField, "\(what): \(draft.resource.name) has no field \"\(field)\"", at: node.mark,
      suggestion: Suggestion.question(field, in: draft.memberNames))
  }
}
