import Base

/// RFC 7396 on texts: what the patch does not name keeps the very bytes that it has, so that no number loses a digit.
package enum JSONMergePatch {
  /// The target with the patch merged into it, or nil where that changes nothing. Linear in the length of both.
  ///
  /// It is never deeper than the deeper of the two, nor longer than both together.
  ///
  /// - Parameter target: nil where there is nothing to merge into: a patch that is an object is then taken without its nulls.
  package static func merged(_ patch: JSONNode, into target: JSONNode?) -> [UInt8]? {
    var out: [UInt8] = []
    return append(patch, over: target, to: &out) ? out : nil
  }

  /// Appends the merged value, and says whether it differs from the target.
  private static func append(_ patch: JSONNode, over target: JSONNode?, to out: inout [UInt8]) -> Bool {
    guard patch.kind == .object else {
      out.append(contentsOf: patch.rawText)
      return target.map { patch.rawText != $0.rawText } ?? true
    }
    let target = target?.kind == .object ? target : nil
    var isChanged = target == nil
    var isFirst = true
    func begin(_ member: JSONNodeMember) {
      if !isFirst { out.append(UInt8(ascii: ",")) }
      isFirst = false
      out.append(contentsOf: member.key.rawText)
      out.append(UInt8(ascii: ":"))
    }
    out.append(UInt8(ascii: "{"))
    if let target {
      let changes = MemberTable(patch)
      for member in target.members {
        guard let change = changes[member.key] else {
          begin(member)
          out.append(contentsOf: member.value.rawText)
          continue
        }
        if change.isNull {
          isChanged = true
        } else {
          begin(member)
          if append(change, over: member.value, to: &out) { isChanged = true }
        }
      }
    }
    let known = target.map { MemberTable($0) }
    for member in patch.members where !member.value.isNull && known?[member.key] == nil {
      isChanged = true
      begin(member)
      _ = append(member.value, over: nil, to: &out)
    }
    out.append(UInt8(ascii: "}"))
    return isChanged
  }

  /// An object's members by their names.
  private struct MemberTable {
    /// Up to this many members each name is looked for among all; past it, in a table.
    static let linearMax = 16

    let node: JSONNode
    var values: [ExactText: JSONNode] = [:]

    init(_ node: JSONNode) {
      self.node = node
      guard node.count > MemberTable.linearMax else { return }
      values.reserveCapacity(node.count)
      for member in node.members { values[ExactText(member.name)] = member.value }
    }

    subscript(_ key: JSONNode) -> JSONNode? {
      guard let name = key.stringValue else { return nil }
      return values.isEmpty ? node[name] : values[ExactText(name)]
    }
  }
}
