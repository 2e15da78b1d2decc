/// Makes a text that a simple pattern matches, for examples. It knows literals, classes, groups, alternation (the first
/// branch), bounded and unbounded quantifiers, and `\d \w \s`; anything else gives nil, and then there is no example.
struct PatternExample {
  /// Longer texts are not made.
  static let lengthMax = 200
  /// Atoms that are read, repetitions included: `(){200}` within `(){200}` makes no text but takes time.
  static let stepsMax = 5000
  /// Groups within groups.
  static let depthMax = 16

  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var drawn = 0
  private var steps = 0

  private init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

  /// A match of at least `minimum` scalars where a quantifier allows that.
  static func text(for pattern: String, minimum: Int = 1) -> String? {
    var maker = PatternExample(pattern)
    guard let text = maker.alternatives(depth: 0, wanted: minimum), maker.index == maker.scalars.count else { return nil }
    return String(String.UnicodeScalarView(text))
  }

  private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    index += 1
    return true
  }

  private mutating func alternatives(depth: Int, wanted: Int) -> [Unicode.Scalar]? {
    guard depth <= PatternExample.depthMax, let first = sequence(depth: depth, wanted: wanted) else { return nil }
    while take("|") {
      guard sequence(depth: depth, wanted: wanted) != nil else { return nil }
    }
    return first
  }

  private mutating func sequence(depth: Int, wanted: Int) -> [Unicode.Scalar]? {
    var out: [Unicode.Scalar] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      if scalar == "^" || scalar == "$" {
        index += 1
        continue
      }
      let start = index
      guard let piece = atom(depth: depth) else { return nil }
      guard let count = repetitions(wanted: wanted) else { return nil }
      let end = index
      if count > 0 { out += piece }
      // Each repetition is drawn anew, so that `[A-Z]{3}` is not one letter three times.
      for _ in 0..<max(0, count - 1) {
        guard out.count <= PatternExample.lengthMax else { return nil }
        index = start
        guard let again = atom(depth: depth) else { return nil }
        out += again
      }
      index = end
      guard out.count <= PatternExample.lengthMax else { return nil }
    }
    return out
  }

  private mutating func atom(depth: Int) -> [Unicode.Scalar]? {
    steps += 1
    guard let scalar = next, steps <= PatternExample.stepsMax else { return nil }
    index += 1
    switch scalar {
    case "(":
      if take("?") { guard take(":") else { return nil } }
      guard let inner = alternatives(depth: depth + 1, wanted: 1), take(")") else { return nil }
      return inner
    case "[": return characterClass().map { [$0] }
    case ".": return [draw([("a", "z")])]
    case "\\": return escape().map { [$0] }
    case "*", "+", "?", "{", "}", "]": return nil
    default: return [scalar]
    }
  }

  private mutating func escape() -> Unicode.Scalar? {
    guard let scalar = next else { return nil }
    index += 1
    switch scalar {
    case "d": return draw([("0", "9")])
    case "w": return draw([("a", "z")])
    case "s": return " "
    case "n": return "\n"
    case "t": return "\t"
    case "a"..."z", "A"..."Z", "0"..."9": return nil
    default: return scalar
    }
  }

  private mutating func characterClass() -> Unicode.Scalar? {
    guard next != "^", next != "]" else { return nil }
    var ranges: [(Unicode.Scalar, Unicode.Scalar)] = []
    while let scalar = next, scalar != "]" {
      index += 1
      var low = scalar
      if scalar == "[" { return nil }
      if scalar == "\\" {
        guard let escaped = next else { return nil }
        index += 1
        switch escaped {
        case "d":
          ranges.append(("0", "9"))
          continue
        case "w":
          ranges.append(("a", "z"))
          continue
        case "a"..."z", "A"..."Z", "0"..."9": return nil
        default: low = escaped
        }
      }
      if next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" {
        index += 1
        let high = scalars[index]
        guard high != "\\", high.value >= low.value else { return nil }
        index += 1
        ranges.append((low, high))
      } else {
        ranges.append((low, low))
      }
    }
    guard take("]"), !ranges.isEmpty else { return nil }
    return draw(ranges)
  }

  /// Walks through the first range, so that neighbours differ and the text is always the same.
  private mutating func draw(_ ranges: [(Unicode.Scalar, Unicode.Scalar)]) -> Unicode.Scalar {
    let (low, high) = ranges[0]
    let width = high.value - low.value + 1
    let value = low.value + UInt32(drawn) % width
    drawn += 1
    return Unicode.Scalar(value) ?? low
  }

  /// How often the atom before is repeated; nil where the quantifier cannot be read.
  private mutating func repetitions(wanted: Int) -> Int? {
    var count = 1
    if take("*") || take("+") {
      count = max(1, min(wanted, 8))
    } else if take("?") {
      count = 1
    } else if take("{") {
      guard let low = number() else { return nil }
      var high: Int? = low
      if take(",") { high = next == "}" ? nil : number() }
      guard take("}"), low <= PatternExample.lengthMax, (high ?? low) >= low else { return nil }
      count = min(max(low, min(8, high ?? 8)), high ?? .max)
    } else {
      return 1
    }
    _ = take("?")
    return count
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let scalar = next, scalar >= "0", scalar <= "9" {
      value = (value ?? 0) * 10 + Int(scalar.value - 48)
      guard (value ?? 0) <= 10_000 else { return nil }
      index += 1
    }
    return value
  }
}
