import Base

/// Header lines of an answer, kept as the bytes that are sent.
package struct HTTPHeaders: Sendable {
  /// Lines, each `Name: value\r\n`.
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// From constant lines.
  package init(_ lines: StaticString) { add(lines: lines) }

  package mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  /// Adds constant lines as they are, each with its `\r\n`: the cheap way for what every answer has.
  package mutating func add(lines: StaticString) {
    bytes.append(lines)
  }

  /// Adds a field. A control character in the value becomes a space, so that no value can begin a new line.
  package mutating func add(_ name: StaticString, _ value: some Collection<UInt8>) {
    add(name) { $0.append(contentsOf: value) }
  }

  package mutating func add(_ name: StaticString, _ value: String) {
    add(name) { $0.append(value) }
  }

  private mutating func add(_ name: StaticString, _ appendValue: (inout [UInt8]) -> Void) {
    bytes.append(name)
    bytes.append(": ")
    let start = bytes.count
    appendValue(&bytes)
    for place in start..<bytes.count where bytes[place] < 0x20 || bytes[place] == 0x7f { bytes[place] = 0x20 }
    bytes.append("\r\n")
  }

  package mutating func add(_ name: StaticString, _ value: StaticString) {
    bytes.append(name)
    bytes.append(": ")
    bytes.append(value)
    bytes.append("\r\n")
  }

  package mutating func add(_ name: StaticString, _ value: Int) {
    bytes.append(name)
    bytes.append(": ")
    bytes.append(decimal: Int64(value))
    bytes.append("\r\n")
  }

  /// The first value of a name, in any case; nil without one. Walks all lines: for tests and the rare look.
  package func first(_ name: String) -> String? {
    let wanted = Array(name.utf8).map(\.lowercased)
    for line in bytes.split(separator: 0x0a) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      guard line[..<colon].map(\.lowercased) == wanted else { continue }
      return String(decoding: line[(colon + 1)...].dropFirst().dropLast(), as: UTF8.self)
    }
    return nil
  }

  /// Whether a `Vary` line names a header field, given in lower case, in any case: caches then keep an answer for each of
  /// its values.
  func vary(by field: StaticString) -> Bool {
    var isFound = false
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0a) ?? bytes.count
      if holds("vary:", at: start, before: end) {
        for place in start + 5..<end where holds(field, at: place, before: end) {
          let next = place + field.utf8CodeUnitCount
          isFound = isFound || !ByteClass.isToken(bytes[place - 1]) && !(next < end && ByteClass.isToken(bytes[next]))
        }
      }
      start = end + 1
    }
    return isFound
  }

  /// Whether a lower-case text stands there, in any case.
  private func holds(_ text: StaticString, at start: Int, before end: Int) -> Bool {
    guard end - start >= text.utf8CodeUnitCount else { return false }
    // Safety: a static string's UTF-8 bytes live for the process; both indices are below their counts.
    return text.withUTF8Buffer { text in
      for index in text.indices where unsafe bytes[start + index].lowercased != text[index] { return false }
      return true
    }
  }
}
