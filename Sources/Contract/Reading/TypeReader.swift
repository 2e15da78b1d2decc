import Base
import JSONSchema
import Pattern
import YAML

/// Reads a field's type with the options that are its own.
struct TypeReader {
  /// As `type:` has it.
  let text: String
  /// The mapping of options, or the short form's scalar.
  let node: YAMLNode
  let place: String
  let key: YAMLNode
  let findings: Findings

  static let stringLengthMax = 255
  static let textLengthMax = 65_536
  static let listLengthMax = 1000
  static let jsonBytesMax = 1 << 20

  func read() -> FieldType? {
    if text.hasPrefix("list of ") { return list() }
    return single(text, length: node["length"])
  }

  private func list() -> FieldType? {
    let item = String(text.dropFirst("list of ".count))
    guard Language.listTypes.contains(item) else {
      unknown(item, among: Language.listTypes, "a list cannot hold")
      return nil
    }
    guard let type = single(item, length: nil) else { return nil }
    return .list(type, length: length(node["length"], 0...TypeReader.listLengthMax, max: 100_000))
  }

  private func single(_ name: String, length bounds: YAMLNode?) -> FieldType? {
    switch name {
    case "string":
      return .string(StringOptions(length: length(bounds, 0...TypeReader.stringLengthMax, max: 65_536), pattern: pattern()))
    case "text": return .text(StringOptions(length: length(bounds, 0...TypeReader.textLengthMax, max: 16 << 20)))
    case "integer": return integer()
    case "decimal": return decimal()
    case "number": return number()
    case "enum": return enumeration()
    case "money": return money()
    case "json": return json()
    case "secret": return .secret(encrypted: node["encrypted"]?.boolean ?? false)
    case "file":
      let size = node["size"]?.scalarText.flatMap(SizeForm.bytes) ?? 10 << 20
      return .file(sizeMax: Int(clamping: size), types: node["types"]?.items.compactMap(\.string) ?? [])
    default: break
    }
    if let type = FieldType.plain(name) { return type }
    if name == "ref" {
      findings.report(.unknownType, "\(place): write {ref: RESOURCE} without a type", at: typeMark)
    } else {
      unknown(name, among: Language.types, "there is no type")
    }
    return nil
  }

  private var typeMark: YAMLMark { node.isScalar ? node.mark : node["type"]?.mark ?? node.mark }

  private func unknown(_ name: String, among types: [String], _ what: String) {
    findings.report(
      .unknownType, "\(place): \(what) \"\(name.excerpt)\"", at: typeMark, suggestion: TypeReader.hint(name, types))
  }

  /// What others call our types.
  private static let otherNames: [String: String] = [
    "int": "integer", "bigint": "integer", "long": "integer", "float": "number", "double": "number", "bool": "boolean",
    "datetime": "timestamp", "time": "timestamp", "varchar": "string", "str": "string", "numeric": "decimal", "object": "json",
    "jsonb": "json", "array": "list of T", "uri": "url", "guid": "uuid", "password": "secret", "markdown": "text",
  ]

  private static func hint(_ name: String, _ types: [String]) -> String? {
    if let ours = otherNames[name.lowercased()], types.contains(ours) || ours.hasPrefix("list") { return "did you mean \"\(ours)\"?" }
    return Suggestion.question(name, in: types)
  }

  private func length(_ node: YAMLNode?, _ standard: ClosedRange<Int>, max: Int) -> ClosedRange<Int> {
    guard let node, let (low, high) = node.scalarText.flatMap(RangeForm.parse) else { return standard }
    guard low <= high else {
      findings.report(.emptyBounds, "\(place): the length \(low)..\(high) is empty", at: node.mark, suggestion: "write \(high)..\(low)")
      return standard
    }
    guard high <= max else {
      findings.report(.outOfRange, "\(place): a length of at most \(max)", at: node.mark)
      return standard
    }
    return low...high
  }

  private func pattern() -> String? {
    guard let source = node["pattern"], let text = source.string else { return nil }
    do throws(PatternError) {
      _ = try Pattern(text)
    } catch {
      findings.report(.invalidPattern, "\(place): the pattern is not RE2: \(error.message)", at: source.mark)
    }
    return text
  }

  private func integer() -> FieldType {
    let (low, high) = (bound("minimum", \.integer, "an integer"), bound("maximum", \.integer, "an integer"))
    checkOrder(low, high)
    return .integer(minimum: low, maximum: high)
  }

  private func number() -> FieldType {
    let (low, high) = (bound("minimum", \.number, "a number"), bound("maximum", \.number, "a number"))
    checkOrder(low, high)
    return .number(minimum: low.flatMap { $0.isFinite ? $0 : nil }, maximum: high.flatMap { $0.isFinite ? $0 : nil })
  }

  private func decimal() -> FieldType {
    let (precision, scale) = node["precision"]?.string.flatMap(PrecisionForm.parse) ?? (18, 6)
    func read(_ name: String) -> Decimal? {
      guard let node = node[name], node.number != nil else { return nil }
      guard let value = Decimal(node.text)?.rescaled(to: scale), value.hasDigits(atMost: precision) else {
        findings.report(.emptyBounds, "\(place): the \(name) \(node.text) is not a decimal(\(precision),\(scale))", at: node.mark)
        return nil
      }
      return value
    }
    let (low, high) = (read("minimum"), read("maximum"))
    checkOrder(low, high)
    return .decimal(precision: precision, scale: scale, minimum: low, maximum: high)
  }

  private func bound<T>(_ name: String, _ read: (YAMLNode) -> T?, _ what: String) -> T? {
    guard let node = node[name], node.number != nil else { return nil }
    let value = read(node)
    if value == nil { findings.report(.wrongKind, "\(place): the \(name) must be \(what), not \(node.kind)", at: node.mark) }
    return value
  }

  private func checkOrder<T: Comparable>(_ low: T?, _ high: T?) {
    guard let low, let high, low > high, let mark = node["minimum"]?.mark else { return }
    findings.report(.emptyBounds, "\(place): the minimum \(low) is above the maximum \(high)", at: mark)
  }

  private func enumeration() -> FieldType? {
    guard let list = node["values"] else {
      findings.report(.invalidEnum, "\(place): an enum needs its values", at: key.mark, suggestion: "add values: [...]")
      return nil
    }
    var values: [String] = []
    for item in list.items.prefix(200) {
      guard let value = item.string else { continue }
      if values.contains(value) {
        findings.report(.invalidEnum, "\(place): the value \"\(value)\" stands twice", at: item.mark)
      } else if value.isEmpty || value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
        findings.report(.invalidEnum, "\(place): a value cannot be empty or hold control characters", at: item.mark)
      } else {
        values.append(value)
      }
    }
    if list.items.isEmpty, list.grammarKind == .sequence {
      findings.report(.invalidEnum, "\(place): an enum needs at least one value", at: list.mark)
    }
    return values.isEmpty ? nil : .enumeration(values)
  }

  private func money() -> FieldType {
    let minimum = bound("minimum", \.integer, "an integer of minor units")
    let currencies = node["currencies"]?.items.compactMap(\.string) ?? []
    return .money(MoneyOptions(currencies: currencies, minimum: minimum))
  }

  private func json() -> FieldType {
    var options = JSONOptions()
    if let size = node["size"], let bytes = size.scalarText.flatMap(SizeForm.bytes) {
      options.sizeMax = Int(clamping: bytes)
      if options.sizeMax > TypeReader.jsonBytesMax || options.sizeMax < 2 {
        findings.report(.outOfRange, "\(place): a size of 2 bytes to \(TypeReader.jsonBytesMax)", at: size.mark)
      }
    }
    if let schema = node["schema"] {
      switch schema.content {
      case .mapping, .boolean: options.schema = compiled(schema)
      default: findings.report(.wrongKind, "\(place): a JSON Schema is a mapping, not \(schema.kind)", at: schema.mark)
      }
    }
    return .json(options)
  }

  private func compiled(_ node: YAMLNode) -> JSONSchema? {
    do throws(JSONSchemaFailure) {
      let schema = try JSONSchema(node.json)
      for (path, keyword) in schema.ignored {
        findings.report(
          .ignoredKeyword, "\(place).schema: \"\(keyword.excerpt)\" is no keyword of JSON Schema 2020-12 and refuses nothing",
          at: (node.key(path) ?? node).mark, suggestion: Suggestion.question(keyword, in: JSONSchema.keywords))
      }
      return schema
    } catch {
      for problem in error.problems {
        findings.report(.invalidSchema, "\(place).schema: \(problem.message)", at: node.descendant(problem.path).mark)
      }
      return nil
    }
  }
}
