import Base

/// Members in the order they were added, each name once.
package struct JSONObject: Sendable, Equatable {
  package struct Member: Sendable, Equatable {
    package var name: String
    package var value: JSONValue

    package init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  package private(set) var members: [Member] = []

  package init() {}

  package var isEmpty: Bool { members.isEmpty }
  package var count: Int { members.count }
  package var names: [String] { members.map(\.name) }

  /// The member of that name, compared by its bytes: two spellings of one accented letter are two names. Linear.
  package func place(of name: String) -> Int? { members.firstIndex { $0.name.isExactly(name) } }

  /// Up to this many members each name is looked for among all; past it, in a table.
  private static let linearMax = 16

  /// Whether both have the same members, in any order; see `JSONValue.isSame`. Linear.
  func isSame(as other: JSONObject) -> Bool {
    guard count == other.count else { return false }
    guard count > JSONObject.linearMax else {
      return members.allSatisfy { member in other[member.name]?.isSame(as: member.value) ?? false }
    }
    var places: [ExactText: Int] = [:]
    places.reserveCapacity(count)
    for (place, member) in other.members.enumerated() { places[ExactText(member.name)] = place }
    return members.allSatisfy { member in
      places[ExactText(member.name)].map { other.members[$0].value.isSame(as: member.value) } ?? false
    }
  }

  /// Setting appends a new name, replaces a known one in its place, and nil removes it. Linear.
  package subscript(_ name: String) -> JSONValue? {
    get { place(of: name).map { members[$0].value } }
    set {
      let place = place(of: name)
      switch (place, newValue) {
      case (let place?, let value?): members[place].value = value
      case (let place?, nil): members.remove(at: place)
      case (nil, let value?): members.append(Member(name: name, value: value))
      case (nil, nil): break
      }
    }
  }

  /// Adds a member whose name the caller knows to be new; constant time.
  package mutating func append(_ name: String, _ value: JSONValue) {
    members.append(Member(name: name, value: value))
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// The names must differ.
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    members = elements.map { Member(name: $0.0, value: $0.1) }
  }
}
