/// Reads a text into a tape in one pass, without recursion.
///
/// Safety: every read of `source` goes through `byte(at:)` or `word(at:)`, which check the bounds themselves, in release
/// too. The pointer is valid as long as the closure in `JSONDocument.parse` runs, and the parser does not leave it.
@safe struct JSONParser {
  private let source: UnsafeBufferPointer<UInt8>
  let end: Int
  let depthMax: Int
  var position = 0
  var nodes: ContiguousArray<TapeNode> = []
  /// The hashes of the keys of all open objects, and their places on the tape.
  var keyHashes: ContiguousArray<UInt64> = []
  var keyNodes: ContiguousArray<UInt32> = []
  private var enclosing: ContiguousArray<Frame> = []
  private var frame = Frame(node: 0, isObject: false, keysBase: 0)

  /// An open array or object.
  struct Frame {
    let node: Int
    let isObject: Bool
    /// Where its keys begin in `keyHashes`.
    let keysBase: Int
    var count = 0
  }

  init(_ source: UnsafeBufferPointer<UInt8>, depthMax: Int) {
    unsafe self.source = source
    end = source.count
    self.depthMax = depthMax
    nodes.reserveCapacity(source.count / 10 + 8)
  }

  /// The byte there, or 0 past the end: no token begins with 0, so the caller's `default` sees the end as well.
  // Safety: the bounds are checked here.
  @inline(__always) func byte(at index: Int) -> UInt8 {
    index < end ? unsafe source[index] : 0
  }

  /// Eight bytes, the first in the lowest place. The caller has checked `index + 8 <= end`; it is checked again here
  /// where the check cannot be proven away.
  // Safety: the bounds are checked here; an unaligned load of a plain integer.
  @inline(__always) func word(at index: Int) -> UInt64 {
    guard index >= 0, index + 8 <= end, let base = unsafe source.baseAddress else { return 0 }
    return unsafe UInt64(littleEndian: UnsafeRawPointer(base).loadUnaligned(fromByteOffset: index, as: UInt64.self))
  }

  func failure(_ message: String, at offset: Int? = nil) -> JSONError {
    JSONError(offset: offset ?? position, message: position >= end && offset == nil ? "the text ends too soon" : message)
  }

  @inline(__always) mutating func skipWhitespace() {
    while true {
      switch byte(at: position) {
      case 0x20, 0x0a, 0x0d, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func parseDocument() throws(JSONError) {
    if byte(at: 0) == 0xef, byte(at: 1) == 0xbb, byte(at: 2) == 0xbf {
      throw JSONError(offset: 0, message: "a byte order mark is not allowed")
    }
    repeat {
      skipWhitespace()
      guard try startValue() else { continue }
      if try !endValue() { break }
    } while true
    guard position == end else { throw failure("unexpected text after the value") }
  }

  /// Reads a scalar, an empty container, or the opening of one. False when a first element is due next.
  @inline(__always) private mutating func startValue() throws(JSONError) -> Bool {
    switch byte(at: position) {
    case UInt8(ascii: "\""): try parseString(isKey: false)
    case UInt8(ascii: "-"), 0x30...0x39: try parseNumber()
    case UInt8(ascii: "{"):
      try open(isObject: true)
      guard byte(at: position) == UInt8(ascii: "}") else {
        try parseKey()
        return false
      }
      try close()
    case UInt8(ascii: "["):
      try open(isObject: false)
      guard byte(at: position) == UInt8(ascii: "]") else { return false }
      try close()
    case UInt8(ascii: "t"): try parseLiteral("true", .true)
    case UInt8(ascii: "f"): try parseLiteral("false", .false)
    case UInt8(ascii: "n"): try parseLiteral("null", .null)
    default: throw failure("expected a value")
    }
    return true
  }

  /// After a value: closes what ends here and reads up to the next value. False when the text is done.
  @inline(__always) private mutating func endValue() throws(JSONError) -> Bool {
    while true {
      skipWhitespace()
      if enclosing.isEmpty { return false }
      frame.count += 1
      switch byte(at: position) {
      case UInt8(ascii: ","):
        position += 1
        if frame.isObject {
          skipWhitespace()
          try parseKey()
        }
        return true
      case UInt8(ascii: "}") where frame.isObject: try close()
      case UInt8(ascii: "]") where !frame.isObject: try close()
      default: throw failure(frame.isObject ? "expected a comma or a closing brace" : "expected a comma or a closing bracket")
      }
    }
  }

  @inline(__always) private mutating func open(isObject: Bool) throws(JSONError) {
    guard enclosing.count < depthMax else { throw failure("nested deeper than \(depthMax) levels", at: position) }
    enclosing.append(frame)
    frame = Frame(node: nodes.count, isObject: isObject, keysBase: keyHashes.count)
    nodes.append(TapeNode(isObject ? .object : .array, start: position, length: 1))
    position += 1
    skipWhitespace()
  }

  @inline(__always) private mutating func close() throws(JSONError) {
    position += 1
    if frame.isObject, frame.count > 1 { try checkKeys(from: frame.keysBase) }
    keyHashes.removeLast(keyHashes.count - frame.keysBase)
    keyNodes.removeLast(keyNodes.count - frame.keysBase)
    nodes[frame.node].close(end: position, span: nodes.count - frame.node, count: frame.count)
    frame = enclosing.removeLast()
  }

  @inline(__always) private mutating func parseKey() throws(JSONError) {
    guard byte(at: position) == UInt8(ascii: "\"") else { throw failure("expected a member name in quotes") }
    try parseString(isKey: true)
    skipWhitespace()
    guard byte(at: position) == UInt8(ascii: ":") else { throw failure("expected a colon") }
    position += 1
  }

  private mutating func parseLiteral(_ text: StaticString, _ kind: TapeNode.Kind) throws(JSONError) {
    let start = position
    let matches = text.withUTF8Buffer { expected in
      // Safety: the index stays within the literal's own bytes.
      for index in 0..<expected.count where unsafe byte(at: start + index) != expected[index] { return false }
      return true
    }
    guard matches else { throw failure("expected a value", at: start) }
    position = start + text.utf8CodeUnitCount
    nodes.append(TapeNode(kind, start: start, length: text.utf8CodeUnitCount))
  }
}
