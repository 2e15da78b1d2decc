import Base

/// RFC 6902: a list of operations on a JSON value. Either all of them are done or none.
package struct JSONPatch: Sendable {
  enum Operation: Sendable {
    case add(JSONPointer, JSONValue)
    case remove(JSONPointer)
    case replace(JSONPointer, JSONValue)
    case move(from: JSONPointer, to: JSONPointer)
    case copy(from: JSONPointer, to: JSONPointer)
    case test(JSONPointer, JSONValue)
  }

  package struct Failure: Error, Sendable, Equatable {
    package enum Reason: Sendable {
      /// The patch is none.
      case malformed
      /// What an operation speaks of is not there.
      case absent
      /// A `test` does not hold.
      case differs
      /// The result would be too large or too deep.
      case tooLarge
    }
    package let reason: Reason
    /// Where in the patch, as a JSON pointer: `/2/path`.
    package let pointer: String
    package let message: String
  }

  package static let operationsMax = 1_000
  /// What `copy` may add in all: values, and bytes of text.
  package static let copiedMax = 1 << 20
  /// Arrays and objects inside one another in the result.
  package static let depthMax = 64

  private let operations: [Operation]

  /// Reads a patch document. Members that an operation does not know are ignored (section 4).
  package init(_ node: JSONNode) throws(Failure) {
    guard node.kind == .array else { throw Failure(reason: .malformed, pointer: "", message: "must be an array of operations") }
    guard node.count <= JSONPatch.operationsMax else {
      throw Failure(reason: .malformed, pointer: "", message: "has more than \(JSONPatch.operationsMax) operations")
    }
    var operations: [Operation] = []
    for (place, element) in node.elements.enumerated() { operations.append(try JSONPatch.operation(element, "/\(place)")) }
    self.operations = operations
  }

  private static func operation(_ node: JSONNode, _ place: String) throws(Failure) -> Operation {
    guard node.kind == .object else { throw Failure(reason: .malformed, pointer: place, message: "must be an object") }
    func value() throws(Failure) -> JSONValue {
      guard let value = node["value"] else {
        throw Failure(reason: .malformed, pointer: place + "/value", message: "is required")
      }
      return JSONValue(value, exactly: true)
    }
    let path = try pointer(node, "path", place)
    switch node["op"]?.stringValue {
    case "add": return .add(path, try value())
    case "remove": return .remove(path)
    case "replace": return .replace(path, try value())
    case "move":
      let from = try pointer(node, "from", place)
      guard from == path || !from.leads(to: path) else {
        throw Failure(reason: .malformed, pointer: place + "/path", message: "lies inside what is moved")
      }
      return .move(from: from, to: path)
    case "copy": return .copy(from: try pointer(node, "from", place), to: path)
    case "test": return .test(path, try value())
    default:
      throw Failure(
        reason: .malformed, pointer: place + "/op", message: "must be one of add, remove, replace, move, copy, test")
    }
  }

  private static func pointer(_ node: JSONNode, _ name: String, _ place: String) throws(Failure) -> JSONPointer {
    guard let text = node[name]?.stringValue else {
      throw Failure(reason: .malformed, pointer: "\(place)/\(name)", message: "is required: a JSON pointer such as /name")
    }
    guard let pointer = JSONPointer(text), pointer.tokens.count <= JSONPatch.depthMax else {
      throw Failure(reason: .malformed, pointer: "\(place)/\(name)", message: "is not a JSON pointer such as /name")
    }
    return pointer
  }

  /// What all operations together look at, in steps: a member or value compared or counted, or two elements of an array that
  /// are moved up or down. Some 20 ns each.
  package static let stepsMax = 1 << 22

  /// How much may still be done.
  fileprivate struct Budget {
    var steps = JSONPatch.stepsMax

    mutating func spend(_ count: Int, _ place: String) throws(Failure) {
      steps -= count
      guard steps >= 0 else {
        throw Failure(reason: .tooLarge, pointer: place, message: "is one operation too many on a value of this size")
      }
    }
  }

  /// The value after all operations. Throws at the first that cannot be done.
  package func applied(to value: JSONValue) throws(Failure) -> JSONValue {
    var value = value
    var copied = 0
    var budget = Budget()
    for (number, operation) in operations.enumerated() {
      let place = "/\(number)"
      switch operation {
      case .add(let path, let new): try value.add(new, at: path, place, &budget)
      case .remove(let path): _ = try value.remove(path, place, "path", &budget)
      case .replace(let path, let new):
        _ = try value.found(path, place, "path", &budget)
        try new.checkDepth(at: path, place, &budget)
        try value.set(new, at: path.tokens[...], insert: false, place, &budget)
      case .move(let from, let to):
        let moved = try value.remove(from, place, "from", &budget)
        try value.add(moved, at: to, place, &budget)
      case .copy(let from, let to):
        let copy = try value.found(from, place, "from", &budget)
        copied += copy.weight
        guard copied <= JSONPatch.copiedMax else { throw Failure(reason: .tooLarge, pointer: place, message: "copies too much") }
        try value.add(copy, at: to, place, &budget)
      case .test(let path, let expected):
        // Costs no more than what is expected is long.
        guard try value.found(path, place, "path", &budget).isSame(as: expected) else {
          throw Failure(reason: .differs, pointer: place, message: "the test does not hold")
        }
      }
    }
    return value
  }
}

extension JSONValue {
  /// Section 4.6: numbers by value, texts by their code points, objects in any order.
  package func isSame(as other: JSONValue) -> Bool {
    switch (self, other) {
    case (.null, .null): true
    case (.boolean(let a), .boolean(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): Int64(exactly: b) == a
    case (.digits(let a), .digits(let b)) where a == b: true
    case (.digits, .integer), (.digits, .number), (.digits, .digits), (.integer, .digits), (.number, .digits):
      WrittenNumber(bytes) == WrittenNumber(other.bytes)
    case (.string(let a), .string(let b)): a.isExactly(b)
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    case (.object(let a), .object(let b)): a.isSame(as: b)
    default: false
    }
  }

  /// Values within it and bytes of its texts.
  fileprivate var weight: Int {
    switch self {
    case .null, .boolean, .integer, .number: 1
    case .digits(let text), .string(let text): 1 + text.utf8.count
    case .array(let values): values.reduce(1) { $0 + $1.weight }
    case .object(let object): object.members.reduce(1) { $0 + 1 + $1.name.utf8.count + $1.value.weight }
    }
  }

  /// Of an object. (What is held elsewhere while it is changed would be copied.)
  private var memberCount: Int { if case .object(let object) = self { object.count } else { 0 } }

  /// Arrays and objects inside one another, and how many values there are.
  private func measure(_ count: inout Int) -> Int {
    count += 1
    var deepest = 0
    switch self {
    case .array(let values):
      for value in values { deepest = max(deepest, value.measure(&count)) }
    case .object(let object):
      for member in object.members { deepest = max(deepest, member.value.measure(&count)) }
    default: return 0
    }
    return 1 + deepest
  }

  fileprivate func found(
    _ path: JSONPointer, _ place: String, _ name: String, _ budget: inout JSONPatch.Budget
  ) throws(JSONPatch.Failure) -> JSONValue {
    var value = self
    for token in path.tokens {
      guard let inner = try value.child(token, place, &budget) else {
        throw JSONPatch.Failure(reason: .absent, pointer: "\(place)/\(name)", message: "leads to nothing")
      }
      value = inner
    }
    return value
  }

  private func child(_ token: String, _ place: String, _ budget: inout JSONPatch.Budget) throws(JSONPatch.Failure) -> JSONValue? {
    switch self {
    case .object(let object):
      try budget.spend(object.count, place)
      return object[token]
    case .array(let values):
      guard let number = JSONValue.elementNumber(token), number < values.count else { return nil }
      return values[number]
    default: return nil
    }
  }

  /// Refuses the value where it would lie too deep.
  fileprivate func checkDepth(
    at path: JSONPointer, _ place: String, _ budget: inout JSONPatch.Budget
  ) throws(JSONPatch.Failure) {
    var count = 0
    let depth = measure(&count)
    try budget.spend(count, place)
    guard path.tokens.count + depth <= JSONPatch.depthMax else {
      throw JSONPatch.Failure(reason: .tooLarge, pointer: place, message: "is deeper than \(JSONPatch.depthMax) levels")
    }
  }

  fileprivate mutating func add(
    _ new: JSONValue, at path: JSONPointer, _ place: String, _ budget: inout JSONPatch.Budget
  ) throws(JSONPatch.Failure) {
    try new.checkDepth(at: path, place, &budget)
    try set(new, at: path.tokens[...], insert: true, place, &budget)
  }

  /// Takes the value out.
  fileprivate mutating func remove(
    _ path: JSONPointer, _ place: String, _ name: String, _ budget: inout JSONPatch.Budget
  ) throws(JSONPatch.Failure) -> JSONValue {
    let old = try found(path, place, name, &budget)
    try set(nil, at: path.tokens[...], insert: false, place, &budget)
    return old
  }

  /// Puts a value at the path, inserted into an array or in place of what is there; nil takes that away.
  fileprivate mutating func set(
    _ new: JSONValue?, at path: ArraySlice<String>, insert: Bool, _ place: String, _ budget: inout JSONPatch.Budget
  ) throws(JSONPatch.Failure) {
    guard let token = path.first else {
      self = new ?? .null
      return
    }
    let rest = path.dropFirst()
    guard rest.isEmpty else {
      guard var inner = try child(token, place, &budget) else { throw absent(place) }
      // What is changed is not also held here, so that it is changed in its place.
      try put(.null, at: token, place, &budget)
      try inner.set(new, at: rest, insert: insert, place, &budget)
      try put(inner, at: token, place, &budget)
      return
    }
    switch self {
    case .object:
      try budget.spend(memberCount, place)
      self[token] = new
    case .array(var values):
      let number = insert && token == "-" ? values.count : JSONValue.elementNumber(token)
      guard let number, number < values.count + (insert ? 1 : 0) else { throw absent(place) }
      if insert || new == nil { try budget.spend(1 + (values.count - number) / 2, place) }
      self = .null
      if insert, let new { values.insert(new, at: number) } else if let new { values[number] = new } else { values.remove(at: number) }
      self = .array(values)
    default: throw absent(place)
    }
  }

  private func absent(_ place: String) -> JSONPatch.Failure {
    JSONPatch.Failure(reason: .absent, pointer: place + "/path", message: "leads to nothing")
  }

  /// Replaces what `child` gives.
  private mutating func put(
    _ value: JSONValue, at token: String, _ place: String, _ budget: inout JSONPatch.Budget
  ) throws(JSONPatch.Failure) {
    switch self {
    case .object:
      try budget.spend(memberCount, place)
      self[token] = value
    case .array(var values):
      guard let number = JSONValue.elementNumber(token), number < values.count else { return }
      self = .null
      values[number] = value
      self = .array(values)
    default: break
    }
  }

  /// RFC 6901 section 4: digits without a leading zero.
  private static func elementNumber(_ token: String) -> Int? {
    let digits = token.utf8
    guard !digits.isEmpty, digits.count <= 9, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    guard digits.count == 1 || digits.first != 0x30 else { return nil }
    return Int(token)
  }
}
