import Base
import Service

/// The segments of a path, one after the other, each percent-decoded on its own.
struct PathSegments {
  private var rest: ArraySlice<UInt8>
  private(set) var atEnd: Bool

  init(_ path: ArraySlice<UInt8>) {
    rest = path
    atEnd = rest.first != UInt8(ascii: "/")
  }

  /// The next segment (it may be empty), or nil after the last. Throws `bad_request` for a bad escape.
  mutating func next() throws(Failure) -> String? {
    guard !atEnd else { return nil }
    let start = rest.startIndex + 1
    var end = start
    var isEscaped = false
    var isASCII = true
    while end != rest.endIndex, rest[end] != UInt8(ascii: "/") {
      if rest[end] == UInt8(ascii: "%") { isEscaped = true }
      if rest[end] >= 0x80 { isASCII = false }
      end += 1
    }
    let segment = rest[start..<end]
    rest = rest[end...]
    atEnd = rest.isEmpty
    // What is plain ASCII need not be validated, which costs more than all the rest of this.
    if isASCII, !isEscaped { return String(decoding: segment, as: UTF8.self) }
    guard isEscaped else {
      guard let plain = String(validating: segment, as: UTF8.self) else { throw Failure(.badRequest, "The path is not UTF-8") }
      return plain
    }
    guard let decoded = PercentEncoding.decode(segment, plusIsSpace: false) else {
      throw Failure(.badRequest, "The path holds a bad percent-escape")
    }
    return decoded
  }
}
