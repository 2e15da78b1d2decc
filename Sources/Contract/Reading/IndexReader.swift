import Base
import YAML

/// Reads `indexes`, `unique` and `filterable`.
struct IndexReader {
  let reader: ContractReader
  var findings: Findings { reader.findings }

  init(_ reader: ContractReader) { self.reader = reader }

  func read(_ draft: inout ResourceDraft) {
    guard let node = draft.node else { return }
    let name = draft.resource.name
    var seen: [(index: Index, node: YAMLNode)] = []
    for (option, isUnique) in [("unique", true), ("indexes", false)] {
      for list in (node[option]?.items ?? []).prefix(64) {
        guard let index = index(list, isUnique: isUnique, draft) else { continue }
        if let first = seen.first(where: { $0.index == index }) {
          findings.report(
            .repeatedIndex, "\(name).\(option): the same stands in line \(first.node.mark.line) already", at: list.mark)
          continue
        }
        seen.append((index, list))
        draft.resource.indexes.append(index)
      }
    }
    for (index, list) in seen where !index.isUnique {
      guard let longer = seen.first(where: { $0.index.parts.count > index.parts.count && $0.index.parts.starts(with: index.parts) })
      else { continue }
      findings.report(
        .repeatedIndex, "\(name).indexes: the longer index in line \(longer.node.mark.line) serves it", at: list.mark,
        suggestion: "remove it")
    }
    readFilterable(node, &draft)
  }

  private func index(_ list: YAMLNode, isUnique: Bool, _ draft: ResourceDraft) -> Index? {
    let name = draft.resource.name
    var parts: [Index.Part] = []
    var isWhole = true
    for item in list.items.prefix(16) {
      guard let text = item.string else { return nil }
      let isDescending = text.hasPrefix("-")
      let field = isDescending ? String(text.dropFirst()) : text
      if parts.contains(where: { $0.field == field }) {
        findings.report(.unindexable, "\(name): \"\(field)\" stands twice in the index", at: item.mark)
        isWhole = false
      } else if isIndexable(field, draft, item) {
        parts.append(Index.Part(field: field, descending: isDescending))
      } else {
        isWhole = false
      }
    }
    return isWhole && !parts.isEmpty ? Index(parts: parts, isUnique: isUnique) : nil
  }

  private func isIndexable(_ name: String, _ draft: ResourceDraft, _ item: YAMLNode) -> Bool {
    if let field = draft.resource.field(name) {
      if field.type.isIndexable { return true }
      findings.report(.unindexable, "\(draft.resource.name).\(name) is \(field.type.name) and cannot have an index", at: item.mark)
    } else if draft.resource.collection(name) != nil || draft.leftOut.contains(name) {
      findings.report(.unindexable, "\(draft.resource.name).\(name) has no column that an index could hold", at: item.mark)
    } else if draft.knows(name) {
      return !draft.broken.contains(name)
    } else {
      reader.unknownField(name, draft, "index", at: item)
    }
    return false
  }

  private func readFilterable(_ node: YAMLNode, _ draft: inout ResourceDraft) {
    for item in (node["filterable"]?.items ?? []).prefix(64) {
      guard let name = item.string else { continue }
      if draft.resource.collection(name) != nil || draft.leftOut.contains(name) {
        findings.report(.unindexable, "\(draft.resource.name).\(name) cannot be filtered", at: item.mark)
      } else if !draft.knows(name) {
        reader.unknownField(name, draft, "filterable", at: item)
      } else if draft.resource.filterable.contains(name) {
        findings.report(.duplicateName, "filterable: \"\(name)\" stands twice", at: item.mark)
      } else {
        draft.resource.filterable.append(name)
      }
    }
  }
}
