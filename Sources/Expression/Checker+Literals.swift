import Base

extension Checker {
  /// The literal as a value of `target`, where it can stand for one; nil where it is no literal or of another sort.
  /// Throws where it is meant to be one and is not well formed.
  func adapted(
    _ node: ExpressionNode, to target: ExpressionType, enumeration: [String]?
  ) throws(ExpressionError) -> ExpressionNode? {
    if node.type == .null { return node }
    switch (node.kind, target) {
    case (.literal(.string(let text)), _): return try adapted(string: text, node, to: target, enumeration: enumeration)
    case (.literal(.integer(let value)), .number):
      guard let number = Double(exactly: value) else {
        throw ExpressionError("the integer is no exact number", at: node.offset)
      }
      return ExpressionNode(.literal(.number(number)), .number, at: node.offset)
    case (.literal(.integer(let value)), .decimal):
      guard let decimal = Decimal(String(value)) else {
        throw ExpressionError("a decimal has at most \(Decimal.digitsMax) digits", at: node.offset)
      }
      return ExpressionNode(.literal(.decimal(decimal)), .decimal, at: node.offset)
    case (.literal(.number(_)), .decimal):
      guard let decimal = Decimal(numberText(at: node.offset)) else {
        throw ExpressionError(
          "the number is no decimal of at most \(Decimal.digitsMax) digits without an exponent", at: node.offset)
      }
      return ExpressionNode(.literal(.decimal(decimal)), .decimal, at: node.offset)
    case (.list(let items), .list(let element)):
      var adapted: [ExpressionNode] = []
      for item in items {
        if equals(item.type, element), item.type == .null || enumeration == nil {
          adapted.append(item)
        } else if let item = try self.adapted(item, to: element, enumeration: enumeration) {
          adapted.append(item)
        } else {
          return nil
        }
      }
      return ExpressionNode(.list(adapted), target, at: node.offset)
    case (.conditional(let test, let a, let b), _):
      let then = equals(a.type, target) ? a : try self.adapted(a, to: target, enumeration: enumeration)
      let otherwise = equals(b.type, target) ? b : try self.adapted(b, to: target, enumeration: enumeration)
      guard let then, let otherwise else { return nil }
      return ExpressionNode(
        .conditional(test, then, otherwise), target, isNullable: then.isNullable || otherwise.isNullable, at: node.offset)
    case (_, .record(let resource)) where node.type == environment.schema.keyType(of: resource): return node
    default: return nil
    }
  }

  private func adapted(
    string text: String, _ node: ExpressionNode, to target: ExpressionType, enumeration: [String]?
  ) throws(ExpressionError) -> ExpressionNode? {
    let value: Value?
    switch target {
    case .string:
      guard let enumeration, !enumeration.contains(where: { $0.utf8.elementsEqual(text.utf8) }) else { return node }
      throw ExpressionError(
        "\"\(text.excerpt)\" is none of the values", at: node.offset,
        suggestion: Suggestion.question(text, in: enumeration)
          ?? "the values are \(enumeration.prefix(20).joined(separator: ", "))")
    case .timestamp: value = Timestamp(exactly: text).map(Value.timestamp)
    case .date: value = CalendarDate(text).map(Value.date)
    case .duration: value = DurationText.microseconds(of: text).map(Value.duration)
    case .uuid: value = UUID(text).map(Value.uuid)
    case .decimal: value = Decimal(text).map(Value.decimal)
    case .record(let resource):
      return try adapted(node, to: environment.schema.keyType(of: resource), enumeration: nil)
    default: return nil
    }
    guard let value else { throw ExpressionError("\"\(text.excerpt)\" is not \(target)", at: node.offset, suggestion: target.example) }
    return ExpressionNode(.literal(value), target, at: node.offset)
  }

  /// A number literal as it was written, with its sign.
  private func numberText(at offset: Int) -> String {
    var end = offset
    var text: [UInt8] = []
    while end < source.count {
      let byte = source[end]
      let isBlank = byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
      if byte == UInt8(ascii: "-"), text.isEmpty || text.last.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
        text.append(byte)
      } else if isBlank, text == [UInt8(ascii: "-")] {
        // Blanks between the sign and its number.
      } else if byte.isDigit || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") || byte == UInt8(ascii: "+") {
        if byte == UInt8(ascii: "+"), text.last.map({ $0 | 0x20 }) != UInt8(ascii: "e") { break }
        text.append(byte)
      } else {
        break
      }
      end += 1
    }
    let written = String(decoding: text, as: UTF8.self)
    if written.hasPrefix(".") { return "0" + written }
    return written.hasPrefix("-.") ? "-0" + written.dropFirst() : written
  }

  /// Whether `==` may compare them as they are.
  func equals(_ a: ExpressionType, _ b: ExpressionType) -> Bool {
    if a == b || a == .null || b == .null || a == .dynamic || b == .dynamic { return true }
    switch (a, b) {
    case (.record(let resource), let other), (let other, .record(let resource)):
      return other == environment.schema.keyType(of: resource)
    case (.list(let x), .list(let y)): return equals(x, y)
    default: return false
    }
  }

  /// Two operands that can be compared: of one type, and in one spelling.
  func harmonised(
    _ a: ExpressionNode, _ b: ExpressionNode, at offset: Int, message: (ExpressionType, ExpressionType) -> String
  ) throws(ExpressionError) -> (ExpressionNode, ExpressionNode) {
    let (a, b) = try ofOneType(a, b, at: offset, message: message)
    return spelledAlike(a, b)
  }

  /// Two operands of one type: as they are, or with a literal read as the other's type.
  func ofOneType(
    _ a: ExpressionNode, _ b: ExpressionNode, at offset: Int, message: (ExpressionType, ExpressionType) -> String
  ) throws(ExpressionError) -> (ExpressionNode, ExpressionNode) {
    if equals(a.type, b.type) {
      // Values of an enum are checked even so.
      if let values = a.enumeration, let adapted = try adapted(b, to: a.type, enumeration: values) { return (a, adapted) }
      if let values = b.enumeration, let adapted = try adapted(a, to: b.type, enumeration: values) { return (adapted, b) }
      return (a, b)
    }
    if let adapted = try adapted(b, to: a.type, enumeration: a.enumeration) { return (a, adapted) }
    if let adapted = try adapted(a, to: b.type, enumeration: b.enumeration) { return (adapted, b) }
    throw ExpressionError(message(a.type, b.type), at: offset)
  }
}

extension ExpressionType {
  /// How a literal of it is written.
  var example: String? {
    switch self {
    case .timestamp: "write it as 2026-01-31T10:00:00Z, with at most 6 digits of a second"
    case .date: "write it as 2026-01-31"
    case .duration: "write it as 1h30m or 1.5s"
    case .uuid: "write it as 01890a5d-ac96-774b-bcce-b302099a8057"
    case .decimal: "write it as 12.50"
    default: nil
    }
  }
}

extension Timestamp {
  /// Reads RFC 3339, refusing what would be cut off: digits past the microsecond that are not zero.
  init?(exactly text: String) {
    self.init(text)
    let bytes = Array(text.utf8)
    guard let point = bytes.firstIndex(of: UInt8(ascii: ".")) else { return }
    for (place, byte) in bytes[(point + 1)...].prefix(while: \.isDigit).enumerated() where place >= 6 {
      if byte != 0x30 { return nil }
    }
  }
}
