import Base
import YAML

/// `partition`: what a table in parts could not promise is refused, whatever the store, so that a contract means the same on each.
extension ContractReader {
  func checkPartition(_ draft: ResourceDraft) {
    guard let node = draft.node?["partition"] else { return }
    let resource = draft.resource
    let name = resource.name
    if resource.isUsers {
      findings.report(.fixedResource, "users cannot have \"partition\": callers are found by what no part has alone", at: node.mark)
      return
    }
    checkPartitionField(draft, node)
    if !resource.storage.isManaged || !resource.storage.hasTimestamps || resource.storage.key.count != 1 {
      findings.report(.conflictingOptions, "\(name).partition: the table is not Martlet's own", at: node.mark)
    } else if !resource.keyTellsTime {
      findings.report(
        .conflictingOptions, "\(name).partition: ids that clients choose do not tell in which part a record is", at: node.mark,
        suggestion: "leave out \"id: client\"")
    }
    for (field, key) in partitionedUniques(draft) {
      findings.report(
        .conflictingOptions, "\(name).partition: no index reaches over all parts, so nothing would keep the values of \(field) apart",
        at: key.mark, suggestion: "keep what is unique in a resource of its own, and refer to it")
    }
    if contract.store.isBehindPooler, contract.store.directURL == nil {
      findings.report(
        .conflictingOptions, "\(name).partition: parts are made under a lock that a pooler does not keep", at: node.mark,
        suggestion: "add store.direct, the URL of the database itself")
    }
  }

  private func checkPartitionField(_ draft: ResourceDraft, _ node: YAMLNode) {
    guard let by = node["by"], let field = by.string, field != "created_at" else { return }
    let place = "\(draft.resource.name).partition"
    switch draft.resource.field(field)?.type {
    case nil where !draft.knows(field): unknownField(field, draft, draft.resource.name, at: by)
    case .timestamp?, .date?, nil:
      guard !draft.broken.contains(field) else { return }
      findings.report(
        .conflictingOptions,
        "\(place): a record's part is told by its id, which holds when it was made: by \(field), neither would its id be unique nor "
          + "could anything refer to it", at: by.mark, suggestion: "say by: created_at")
    default: findings.report(.conflictingOptions, "\(place): \(field) is no timestamp or date", at: by.mark)
    }
  }

  /// What is unique, and where that is said.
  private func partitionedUniques(_ draft: ResourceDraft) -> [(field: String, key: YAMLNode)] {
    let fields = draft.resource.fields.filter(\.isUnique).compactMap { field in
      draft.fieldNodes[field.name]?["unique"].map { (field.name, $0) }
    }
    let groups = (draft.node?["unique"]?.items ?? []).map { group in
      (group.items.compactMap(\.string).joined(separator: ", "), group)
    }
    return fields + groups
  }
}
