/// A checker of the Prometheus text format 0.0.4, written from its description and independent of the renderer.
enum Exposition {
  struct Invalid: Error {
    var line: String
    var reason: String
  }

  static func check(_ bytes: [UInt8]) throws(Invalid) {
    guard bytes.isEmpty || bytes.last == UInt8(ascii: "\n") else { throw Invalid(line: "", reason: "no newline at the end") }
    var types: [String: String] = [:]
    var seen: Set<String> = []
    var current = ""
    for part in bytes.split(separator: UInt8(ascii: "\n")) {
      let line = String(decoding: part, as: UTF8.self)
      let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      if words[0] == "#" {
        guard words.count >= 3, isName(words[2], colon: true) else { throw Invalid(line: line, reason: "comment") }
        current = words[2]
        if words[1] == "TYPE" {
          guard words.count == 4, ["counter", "gauge", "histogram", "summary", "untyped"].contains(words[3]), types[current] == nil
          else { throw Invalid(line: line, reason: "type") }
          types[current] = words[3]
        }
        continue
      }
      let (name, labels, value) = try sample(line)
      guard let type = types[current] else { throw Invalid(line: line, reason: "no type") }
      let suffixes = type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
      guard suffixes.contains(where: { name == current + $0 }) else { throw Invalid(line: line, reason: "not of its family") }
      guard seen.insert(name + labels).inserted else { throw Invalid(line: line, reason: "twice") }
      guard ["NaN", "+Inf", "-Inf"].contains(value) || Double(value) != nil else { throw Invalid(line: line, reason: "value") }
    }
  }

  private static func sample(_ line: String) throws(Invalid) -> (name: String, labels: String, value: String) {
    let scalars = Array(line.unicodeScalars)
    var position = 0
    func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(scalars[range])) }
    while position < scalars.count, scalars[position] != "{", scalars[position] != " " { position += 1 }
    let name = text(0..<position)
    guard isName(name, colon: true), position < scalars.count else { throw Invalid(line: line, reason: "name") }
    let labelStart = position
    if scalars[position] == "{" {
      position += 1
      while position < scalars.count, scalars[position] != "}" {
        let start = position
        while position < scalars.count, scalars[position] != "=" { position += 1 }
        guard isName(text(start..<position), colon: false), position + 1 < scalars.count, scalars[position + 1] == "\"" else {
          throw Invalid(line: line, reason: "label")
        }
        position += 2
        while position < scalars.count, scalars[position] != "\"" { position += scalars[position] == "\\" ? 2 : 1 }
        guard position < scalars.count else { throw Invalid(line: line, reason: "label value") }
        position += 1
        if position < scalars.count, scalars[position] == "," { position += 1 }
      }
      position += 1
    }
    guard position < scalars.count, scalars[position] == " " else { throw Invalid(line: line, reason: "no value") }
    return (name, text(labelStart..<position), text(position + 1..<scalars.count))
  }

  private static func isName(_ text: String, colon: Bool) -> Bool {
    guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x5f || (colon && $0 == 0x3a)
    }
  }
}
