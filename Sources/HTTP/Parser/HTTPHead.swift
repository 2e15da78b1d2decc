import Base

/// A parsed request head: its bytes once, and where the parts stand in them. Its buffers are used again for the next
/// request when nobody holds this one any more.
package struct HTTPHead: Sendable {
  /// Positions in `bytes`.
  package struct Field: Sendable {
    var nameStart: UInt32
    var nameEnd: UInt32
    var valueStart: UInt32
    var valueEnd: UInt32

    package var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    package var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
  }

  /// How the end of the body is known (RFC 9112 section 6).
  package enum Framing: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
  }

  package internal(set) var bytes: [UInt8] = []
  package private(set) var fields: [Field] = []
  /// A bit for each length that a field's name has, so that most names that are asked for and absent are not looked for. The last
  /// bit stands for all that are as long or longer.
  private var nameLengths: UInt64 = 0
  package internal(set) var method: HTTPMethod = .get
  /// The request target as it came.
  package internal(set) var target = 0..<0
  /// The path: of origin-form and absolute-form targets; `*` for OPTIONS of the server.
  package internal(set) var path = 0..<0
  /// After the `?`; nil without one.
  package internal(set) var query: Range<Int>?
  /// `Host`, or the authority of an absolute-form target, which wins (RFC 9112 section 3.2.2). Nil only for HTTP/1.0.
  package internal(set) var authority: Range<Int>?
  /// 0 or 1.
  package internal(set) var versionMinor = 1
  package internal(set) var framing = Framing.none
  /// Whether the peer wants to go on after this request.
  package internal(set) var keepsAlive = true
  package internal(set) var expectsContinue = false

  package init() {}

  mutating func reset() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
    nameLengths = 0
    method = .get
    target = 0..<0
    path = 0..<0
    query = nil
    authority = nil
    versionMinor = 1
    framing = .none
    keepsAlive = true
    expectsContinue = false
  }

  mutating func add(_ field: Field) {
    fields.append(field)
    nameLengths |= HTTPHead.bit(ofLength: field.name.count)
  }

  private static func bit(ofLength count: Int) -> UInt64 { 1 << UInt64(min(count, 63)) }

  /// False where no field can have that name.
  private func mayHave(_ name: StaticString) -> Bool { nameLengths & HTTPHead.bit(ofLength: name.utf8CodeUnitCount) != 0 }

  /// Whether a range of the head equals a lower-case name, in any case.
  func matches(_ range: Range<Int>, _ name: StaticString) -> Bool {
    guard range.count == name.utf8CodeUnitCount else { return false }
    let bytes = bytes.span
    // Safety: a static string's UTF-8 bytes live for the process, and the buffer is only read here.
    return name.withUTF8Buffer { name in
      for index in 0..<name.count where unsafe bytes[range.lowerBound + index].lowercased != name[index] { return false }
      return true
    }
  }

  /// Whether more than one field has a name (lower case).
  func isRepeated(_ name: StaticString) -> Bool {
    guard mayHave(name) else { return false }
    var isThere = false
    for place in fields.indices where matches(fields[place].name, name) {
      if isThere { return true }
      isThere = true
    }
    return false
  }

  /// The value of the first field of a name (lower case), without the white space around it.
  package func first(_ name: StaticString) -> Range<Int>? {
    guard mayHave(name) else { return nil }
    for place in fields.indices where matches(fields[place].name, name) { return fields[place].value }
    return nil
  }
}
