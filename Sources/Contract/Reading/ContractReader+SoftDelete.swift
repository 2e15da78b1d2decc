import Base
import YAML

/// `delete: soft`, and what comes along with it.
extension ContractReader {
  /// What goes along with a record that is kept is kept itself, so that it can come back whole: a resource with
  /// `on_delete: cascade` to a soft-deleted one is soft-deleted as well.
  func resolveSoftDeletion() {
    var grew = true
    while grew {
      grew = false
      edit { draft in
        guard !draft.resource.isSoftDeleted, let field = self.cascades(of: draft).first(where: { $0.target.resource.isSoftDeleted })
        else { return }
        draft.resource.isSoftDeleted = true
        grew = true
        self.checkKept(draft, "goes along with \(field.target.resource.name), whose deleted records are kept", at: field.node)
      }
    }
    edit { draft in
      guard draft.resource.isSoftDeleted else { return }
      if let node = draft.node?["delete"] { self.checkKept(draft, "is deleted softly", at: node) }
      self.checkNames(draft)
      for field in self.cascades(of: draft) where !field.target.resource.isSoftDeleted {
        self.findings.report(
          .conflictingOptions,
          "\(draft.resource.name).\(field.name): deleted records of \(draft.resource.name) are kept, and those of "
            + "\(field.target.resource.name) are not, which would take them along", at: field.node.mark,
          suggestion: field.target.resource.isUsers
            ? "on_delete: restrict" : "add \"delete: soft\" to \(field.target.resource.name), or say on_delete: restrict")
      }
    }
  }

  private typealias Cascading = (name: String, target: ResourceDraft, node: YAMLNode)

  private func cascades(of draft: ResourceDraft) -> [Cascading] {
    draft.resource.fields.compactMap { field in
      guard case .ref(let reference) = field.type, reference.onDelete == .cascade,
        let target = reference.resource == draft.resource.name ? draft : self.draft(reference.resource),
        let node = draft.fieldNodes[field.name]?["on_delete"]
      else { return nil }
      return (field.name, target, node)
    }
  }

  /// Whether its table can hold when a record was deleted.
  private func checkKept(_ draft: ResourceDraft, _ why: String, at node: YAMLNode) {
    let name = draft.resource.name
    if draft.resource.storage.isReadOnly {
      findings.report(.conflictingOptions, "\(name) \(why), but is read_only: nobody can delete", at: node.mark)
    } else if draft.resource.isUsers {
      findings.report(.fixedResource, "users \(why): rows of users are not deleted softly", at: node.mark)
    } else if !draft.resource.storage.hasTimestamps {
      findings.report(
        .conflictingOptions, "\(name) \(why), but its table has none of the service's own columns (revision: none)", at: node.mark)
    }
  }

  /// What a kept record needs a name for is not free any more.
  private func checkNames(_ draft: ResourceDraft) {
    let name = draft.resource.name
    if let key = draft.fieldKeys[Resource.deletedMember] {
      findings.report(
        .reservedName, "\(name).\(Resource.deletedMember): the service keeps there when a record was deleted", at: key.mark)
    }
    for field in draft.resource.fields where field.name != Resource.deletedMember {
      guard field.column.lowercased() == Resource.deletedMember, let key = draft.fieldKeys[field.name] else { continue }
      findings.report(.duplicateName, "\(name).\(field.name) has the column of \(Resource.deletedMember)", at: key.mark)
    }
    guard let transitions = draft.node?["states"]?["transitions"] else { return }
    for member in transitions.members where member.key.text == Resource.restoring {
      findings.report(
        .reservedName, "\(name).states: \"\(Resource.restoring)\" brings a deleted record back", at: member.key.mark)
    }
  }
}
