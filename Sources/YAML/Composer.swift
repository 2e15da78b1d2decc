/// Makes a tree of events. What it can step over (a key twice, a tag) it collects; the rest it throws.
struct Composer {
  private let reader: EventReader
  private let limits: YAMLLimits
  private var anchors: [String: YAMLNode] = [:]
  /// Anchors of collections that are still open: an alias to one would contain itself.
  private var open: Set<String> = []
  /// Nodes so far, aliases counted in full.
  private var nodes = 0
  private(set) var errors: [YAMLError] = []

  init(_ bytes: [UInt8], source: Int, limits: YAMLLimits) {
    reader = EventReader(bytes, source: source)
    self.limits = limits
  }

  /// The only document; an empty text is `null`.
  mutating func document() throws(YAMLError) -> YAMLNode {
    let first = reader.mark
    let start = try reader.next()
    switch start {
    case .streamEnd: return YAMLNode(.null, mark: first)
    case .documentStart(let hasTags):
      if hasTags { throw YAMLError(.syntax, "tag directives are not supported", at: reader.mark) }
    default: throw YAMLError(.syntax, "a document was expected", at: reader.mark)
    }
    let root = try node(try reader.next(), level: 0)
    guard case .documentEnd = try reader.next() else {
      throw YAMLError(.syntax, "the end of the document was expected", at: reader.mark)
    }
    guard case .streamEnd = try reader.next() else {
      throw YAMLError(.syntax, "only one document is read; a second one begins here", at: reader.mark)
    }
    return root
  }

  private mutating func node(_ event: EventReader.Event, level: Int) throws(YAMLError) -> YAMLNode {
    let mark = reader.mark
    try count(1, at: mark)
    guard level <= limits.depthMax else {
      throw YAMLError(.limit, "nested more than \(limits.depthMax) levels deep", at: mark)
    }
    switch event {
    case .scalar(let text, let tag, let anchor, let style, let isPlain):
      let node = try scalar(text, tag: tag, style: style, isPlain: isPlain, at: mark)
      if let anchor { anchors[anchor] = node }
      return node
    case .alias(let name): return try alias(name, level: level, at: mark)
    case .sequenceStart(let tag, let anchor):
      try check(tag, is: "seq", at: mark)
      return try collection(anchor) { composer throws(YAMLError) in try composer.sequence(level: level, at: mark) }
    case .mappingStart(let tag, let anchor):
      try check(tag, is: "map", at: mark)
      return try collection(anchor) { composer throws(YAMLError) in try composer.mapping(level: level, at: mark) }
    default: throw YAMLError(.syntax, "a value was expected", at: mark)
    }
  }

  private mutating func collection(
    _ anchor: String?, _ read: (inout Composer) throws(YAMLError) -> YAMLNode
  ) throws(YAMLError) -> YAMLNode {
    guard let anchor else { return try read(&self) }
    anchors[anchor] = nil
    open.insert(anchor)
    let node = try read(&self)
    open.remove(anchor)
    anchors[anchor] = node
    return node
  }

  private mutating func sequence(level: Int, at mark: YAMLMark) throws(YAMLError) -> YAMLNode {
    var items: [YAMLNode] = []
    var (size, depth) = (1, 0)
    while true {
      let event = try reader.next()
      if case .sequenceEnd = event { break }
      let item = try node(event, level: level + 1)
      size += item.size
      depth = max(depth, item.depth)
      items.append(item)
    }
    return YAMLNode(.sequence(items), mark: mark, size: size, depth: depth + 1)
  }

  private mutating func mapping(level: Int, at mark: YAMLMark) throws(YAMLError) -> YAMLNode {
    var members: [YAMLMember] = []
    var seen: [String: YAMLMark] = [:]
    var (size, depth) = (1, 0)
    while true {
      let event = try reader.next()
      if case .mappingEnd = event { break }
      let key = try node(event, level: level + 1)
      guard key.isScalar else { throw YAMLError(.syntax, "a key must be a plain name, not \(key.kind)", at: key.mark) }
      if key.style == .plain, key.text == "<<" { try collect(.syntax, "merge keys (<<) are not supported", at: key.mark) }
      let value = try node(try reader.next(), level: level + 1)
      size += key.size + value.size
      depth = max(depth, value.depth)
      if let first = seen[key.text] {
        try collect(.duplicateKey, "the key \"\(key.text)\" stands here twice; first in line \(first.line)", at: key.mark)
      } else {
        seen[key.text] = key.mark
        members.append(YAMLMember(key: key, value: value))
      }
    }
    return YAMLNode(.mapping(members), mark: mark, size: size, depth: depth + 1)
  }

  private mutating func alias(_ name: String, level: Int, at mark: YAMLMark) throws(YAMLError) -> YAMLNode {
    guard !open.contains(name) else { throw YAMLError(.syntax, "*\(name) would contain itself", at: mark) }
    guard let node = anchors[name] else { throw YAMLError(.syntax, "no anchor &\(name) stands before this", at: mark) }
    try count(node.size - 1, at: mark)
    guard level + node.depth <= limits.depthMax else {
      throw YAMLError(.limit, "nested more than \(limits.depthMax) levels deep", at: mark)
    }
    return node
  }

  private mutating func scalar(
    _ text: String, tag: String?, style: YAMLNode.Style, isPlain: Bool, at mark: YAMLMark
  ) throws(YAMLError) -> YAMLNode {
    let resolved: YAMLNode.Content?
    switch tag.map(Composer.core) {
    case nil: resolved = isPlain ? CoreSchema.resolve(text) : .string(text)
    case "str", "!": resolved = .string(text)
    case "null", "bool", "int", "float":
      resolved = CoreSchema.resolve(text).flatMap { $0.matches(tag: tag.map(Composer.core)) }
      if resolved == nil { try collect(.syntax, "\"\(text)\" is not what its tag \(Composer.short(tag)) says", at: mark) }
    default:
      resolved = .string(text)
      try collect(.syntax, "the tag \(Composer.short(tag)) is not supported", at: mark)
    }
    if resolved == nil, tag == nil {
      try collect(.syntax, "the integer \(text) does not fit 64 bits; quote it to make it a string", at: mark)
    }
    return YAMLNode(resolved ?? .string(text), text: text, style: style, mark: mark)
  }

  private mutating func check(_ tag: String?, is name: String, at mark: YAMLMark) throws(YAMLError) {
    guard let tag, Composer.core(tag) != name, tag != "!" else { return }
    try collect(.syntax, "the tag \(Composer.short(tag)) is not supported here", at: mark)
  }

  private static let prefix = "tag:yaml.org,2002:"

  /// The name of a core tag, or the tag as it is.
  private static func core(_ tag: String) -> String {
    tag.hasPrefix(prefix) ? String(tag.dropFirst(prefix.count)) : "\(tag)"
  }

  private static func short(_ tag: String?) -> String {
    guard let tag else { return "" }
    return tag.hasPrefix(prefix) ? "!!\(tag.dropFirst(prefix.count))" : tag
  }

  private mutating func count(_ more: Int, at mark: YAMLMark) throws(YAMLError) {
    nodes += more
    guard nodes <= limits.nodesMax else {
      throw YAMLError(.limit, "more than \(limits.nodesMax) values, with aliases expanded", at: mark)
    }
  }

  private mutating func collect(_ kind: YAMLError.Kind, _ message: String, at mark: YAMLMark) throws(YAMLError) {
    let error = YAMLError(kind, message, at: mark)
    guard errors.count < limits.errorsMax - 1 else { throw error }
    errors.append(error)
  }
}

extension YAMLNode.Content {
  /// Itself where it is of that tag; an integer is a float as well. Nil otherwise.
  fileprivate func matches(tag: String?) -> YAMLNode.Content? {
    switch (tag, self) {
    case ("null", .null), ("bool", .boolean), ("int", .integer), ("float", .number): self
    case ("float", .integer(let value)): .number(Double(value))
    default: nil
    }
  }
}
