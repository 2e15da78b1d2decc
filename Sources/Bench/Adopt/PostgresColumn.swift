import Store

/// Finds what a PostgreSQL column is in a contract.
struct PostgresColumn {
  private let live: LiveColumn
  private let native: NativeType
  private let extent: Int?
  private let isSurveyed: Bool
  private let checks: PostgresChecks.Column
  var isIndexed = false

  /// - Parameters:
  ///   - extents: of texts the most characters, of numbers the most digits after the point, by column.
  ///   - isSurveyed: the rows could be looked at.
  init(_ live: LiveColumn, extents: [String: Int], isSurveyed: Bool, checks: PostgresChecks.Column) {
    self.live = live
    native = live.native ?? NativeType(base: NativeName(schema: "", name: ""), printed: live.type)
    extent = extents[live.name]
    self.isSurveyed = isSurveyed
    self.checks = checks
  }

  static func needsLength(_ column: LiveColumn) -> Bool {
    guard let native = column.native else { return false }
    return native.isBuiltIn("text") || native.base.name == "citext" || native.printed == "character varying"
  }

  static func needsScale(_ column: LiveColumn) -> Bool { column.native?.printed == "numeric" }

  func found(description: String?) -> FoundColumn {
    var column = FoundColumn(name: live.name, typeText: live.type)
    column.isNullable = live.isNullable
    // What the database numbers in any case is never written.
    column.isGenerated = live.isGenerated || live.isAlwaysNumbered
    column.description = description.flatMap { $0.isEmpty ? nil : $0 }
    column.type = form
    column.refusal = refusal
    column.key = key
    column.hasDefault = live.defaultText != nil
    if !column.isGenerated { column.defaultValue = PostgresDefault(live.defaultText, type: column.type?.name ?? "").value }
    return column
  }

  /// Conditions on it that its type has no option for.
  var unsaid: [String] {
    guard let form else { return checks.texts.map { "the database also checks: \($0)" } }
    return checks.unsaid(as: form.name).map { "the database also checks: \($0)" }
  }

  // MARK: types

  private var form: FieldForm? {
    if native.element != nil { return list }
    if let labels = native.labels { return FieldForm.enumeration(labels) }
    guard native.base.isBuiltIn else { return native.base.name == "citext" ? text(nil) : nil }
    switch native.base.name {
    case "bool": return FieldForm([("type", "boolean")])
    case "int2", "int4", "int8": return number("integer")
    case "float8": return number("number")
    case "float4":
      var form = number("number")
      form.isSought = false
      return form
    case "numeric": return decimal
    case "money":
      var form = FieldForm([("type", "decimal"), ("precision", "\"18,2\"")])
      form.isSought = false
      return form
    case "date": return FieldForm([("type", "date")])
    case "timestamp", "timestamptz": return FieldForm([("type", "timestamp")])
    case "uuid": return FieldForm([("type", "uuid")])
    case "json", "jsonb": return FieldForm([("type", "json")])
    case "text": return text(nil)
    case "varchar", "bpchar": return text(PostgresColumn.bounds(native.printed))
    case let name where NativeType.texts.contains(name):
      var form = FieldForm([("type", "string")])
      form.isSought = false
      form.comments.append("\(live.type): the text that the database writes for it; rows cannot be looked up or sorted by it")
      return form
    default: return nil
    }
  }

  private var refusal: String {
    switch native.base.name {
    case "bytea": "bytes have no type in a contract"
    case "tsvector", "tsquery": "the words of a search are the database's own"
    default: "its values have no type in a contract"
    }
  }

  /// The number in `character varying(40)`.
  static func bounds(_ printed: String) -> Int? {
    guard let open = printed.lastIndex(of: "("), printed.last == ")" else { return nil }
    return Int(printed[printed.index(after: open)...].dropLast())
  }

  private func text(_ declared: Int?) -> FieldForm? {
    if let values = checks.values, let form = FieldForm.enumeration(values) { return form }
    let least = checks.lengthMin ?? 0
    let known = [declared, checks.lengthMax].compactMap(\.self).min()
    if let known, known <= 65_536, known > 0, least <= known {
      return FieldForm([("type", "string"), ("length", "\(least)..\(known)")], lengthMax: known)
    }
    if isIndexed, isSurveyed, (extent ?? 0) <= AdoptedField.indexedLengthMax {
      return FieldForm(
        [("type", "string"), ("length", "\(least)..\(AdoptedField.indexedLengthMax)")], lengthMax: AdoptedField.indexedLengthMax)
    }
    let most = [known, 65_536].compactMap(\.self).min() ?? 65_536
    return FieldForm([("type", "text")] + (least > 0 ? [("length", "\(least)..\(most)")] : []), lengthMax: most)
  }

  private func number(_ type: String) -> FieldForm {
    var form = FieldForm([("type", type)])
    if let minimum = checks.minimum(as: type) { form.options.append(("minimum", minimum)) }
    if let maximum = checks.maximum(as: type) { form.options.append(("maximum", maximum)) }
    return form
  }

  private var decimal: FieldForm? {
    let declared = PostgresColumn.precision(native.printed)
    if let declared, declared.scale == 0, declared.digits <= 18 { return number("integer") }
    guard (declared?.scale ?? 0) >= 0 else { return nil }
    let scale = min(declared?.scale ?? max(extent ?? 6, 2), 18)
    var form = number("decimal")
    form.options.insert(("precision", "\"\(min(max(declared?.digits ?? 18, scale), 18)),\(scale)\""), at: 1)
    if (declared?.digits ?? 19) > 18 || (declared?.scale ?? 0) > 18 {
      form.comments.append("\(native.printed): what has more than 18 digits is shown as it is, and cannot be written")
    }
    return form
  }

  /// `numeric(10,2)`, and `numeric(3,-2)`.
  private static func precision(_ printed: String) -> (digits: Int, scale: Int)? {
    guard printed.hasPrefix("numeric("), printed.hasSuffix(")") else { return nil }
    let parts = printed.dropFirst(8).dropLast().split(separator: ",").map { Int($0) }
    guard parts.count == 2, let digits = parts[0], let scale = parts[1] else { return nil }
    return (digits, scale)
  }

  private var list: FieldForm? {
    guard let element = native.element else { return nil }
    func list(of item: String, _ options: [(key: String, value: String)] = []) -> FieldForm {
      var form = FieldForm([("type", "list of \(item)")] + options)
      form.isSought = false
      return form
    }
    if let labels = element.labels { return FieldForm.enumeration(labels).map { list(of: "enum", Array($0.options.dropFirst())) } }
    guard element.base.isBuiltIn else { return element.base.name == "citext" ? list(of: "text") : nil }
    switch element.base.name {
    case "text", "varchar", "bpchar": return list(of: "text")
    case "int2", "int4", "int8": return list(of: "integer")
    case "float4", "float8": return list(of: "number")
    case "bool": return list(of: "boolean")
    case "uuid": return list(of: "uuid")
    case "date": return list(of: "date")
    case "numeric":
      guard let (digits, scale) = PostgresColumn.precision(element.printed), digits <= 18, scale >= 0 else { return nil }
      return list(of: "decimal", [("precision", "\"\(digits),\(scale)\"")])
    default: return nil
    }
  }

  // MARK: keys

  private var key: FoundColumn.Key {
    let none = FoundColumn.Key.none(reason: "its key \(live.name) (\(live.type)) has no form in a contract: not part of it")
    guard native.base.isBuiltIn || native.base.name == "citext" else { return none }
    switch native.base.name {
    case "int2", "int4", "int8", "numeric":
      if native.base.name == "numeric" {
        guard let (digits, scale) = PostgresColumn.precision(native.printed), scale == 0, digits <= 18 else { return none }
      }
      return .form([("type", "integer")] + (live.sequence == nil ? [("generated", "false")] : []))
    case "uuid": return .form([("type", "uuid")])
    case "text", "varchar", "bpchar", "citext":
      let most = min(max(1, PostgresColumn.bounds(native.printed) ?? 255, extent ?? 0), AdoptedField.indexedLengthMax)
      return .form([("type", "string"), ("length", "1..\(most)")])
    default: return none
    }
  }
}
