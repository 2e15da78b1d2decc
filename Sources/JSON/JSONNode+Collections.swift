extension JSONNode {
  /// Elements of an array, members of an object; 0 for everything else.
  package var count: Int {
    switch node.kind {
    case .array, .object: node.count
    default: 0
    }
  }

  /// An array's values in order; none for everything else.
  package var elements: JSONElements { JSONElements(self) }

  /// An object's members in the order they were written; none for everything else.
  package var members: JSONMembers { JSONMembers(self) }

  /// The member of that name, compared byte by byte (escapes resolved); nil where there is none, or no object.
  ///
  /// Linear in the number of members.
  package subscript(_ name: String) -> JSONNode? {
    for member in members where member.key.equals(name) { return member.value }
    return nil
  }

  /// The element at that place of an array, from 0; nil past its end, and for everything else. Linear.
  package subscript(_ place: Int) -> JSONNode? {
    guard place >= 0, place < count else { return nil }
    return elements.dropFirst(place).first { _ in true }
  }
}

/// One member of an object.
package struct JSONNodeMember: Sendable {
  /// The name as a node of kind `.string`: `key.equals("a")` allocates nothing.
  package let key: JSONNode
  package let value: JSONNode

  /// The name, escapes resolved.
  package var name: String { key.stringValue ?? "" }
}

/// The values of an array.
package struct JSONElements: Sequence, IteratorProtocol, Sendable {
  private let document: JSONDocument
  private var index: Int
  private let end: Int

  init(_ node: JSONNode) {
    document = node.document
    index = node.index + 1
    end = node.node.kind == .array ? node.index + node.node.span : 0
  }

  package mutating func next() -> JSONNode? {
    guard index < end else { return nil }
    defer { index += document.nodes[index].span }
    return JSONNode(document: document, index: index)
  }
}

/// The members of an object.
package struct JSONMembers: Sequence, IteratorProtocol, Sendable {
  private let document: JSONDocument
  private var index: Int
  private let end: Int

  init(_ node: JSONNode) {
    document = node.document
    index = node.index + 1
    end = node.node.kind == .object ? node.index + node.node.span : 0
  }

  package mutating func next() -> JSONNodeMember? {
    guard index < end else { return nil }
    let key = JSONNode(document: document, index: index)
    let value = JSONNode(document: document, index: index + 1)
    index += 1 + value.node.span
    return JSONNodeMember(key: key, value: value)
  }
}
