package import Contract

/// A column's type as PostgreSQL's catalog has it, behind the domains that it may be wrapped in.
package struct NativeType: Sendable {
  /// Of the type behind all domains.
  package var base: NativeName
  /// The same with its bounds, as the database prints it: `numeric(10,2)`, `character varying(40)`.
  package var printed: String
  /// The labels of an enum, in their order; nil for other types.
  package var labels: [String]?
  /// The type of an array's elements; nil for other types. A domain there is not looked behind: values are written as it.
  package var element: Element?

  package struct Element: Sendable {
    package var name: NativeName
    /// Behind its domains.
    package var base: NativeName
    package var printed: String
    package var labels: [String]?

    package init(name: NativeName, base: NativeName, printed: String, labels: [String]?) {
      self.name = name
      self.base = base
      self.printed = printed
      self.labels = labels
    }
  }

  package init(base: NativeName, printed: String, labels: [String]? = nil, element: Element? = nil) {
    self.base = base
    self.printed = printed
    self.labels = labels
    self.element = element
  }

  /// Types whose values are served as the texts that the database writes for them.
  package static let texts: Set<String> = [
    "time", "timetz", "interval", "inet", "cidr", "macaddr", "macaddr8", "bit", "varbit", "int4range", "int8range", "numrange", "tsrange",
    "tstzrange", "daterange", "int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange", "datemultirange",
  ]
}

extension NativeName {
  /// Whether it is a type that every PostgreSQL has.
  package var isBuiltIn: Bool { schema == "pg_catalog" }
}

extension ColumnForm {
  /// How a column that was found holds values of a kind; nil where it cannot.
  ///
  /// - Parameter type: the field's type; nil for a key of one column.
  package static func found(_ column: LiveColumn, kind: ColumnKind, type: FieldType?) -> ColumnForm? {
    guard let native = column.native else { return kind.fits(column.type, .postgres) ? .plain : nil }
    switch kind {
    case .text: return text(native, type)
    case .json:
      if case .list(let item, _)? = type { return native.element == nil ? json(native) : array(native, item) }
      return json(native)
    case .number: return native.isBuiltIn("float4") ? .real : plain(native, kind)
    case .decimal: return native.isBuiltIn("money") ? .money : plain(native, kind)
    // A number without a fraction is one whatever its type.
    case .integer where native.isBuiltIn("numeric"): return SchemaDifference.precision(native.printed)?.scale == 0 ? .plain : nil
    default: return plain(native, kind)
    }
  }

  private static func plain(_ native: NativeType, _ kind: ColumnKind) -> ColumnForm? {
    kind.fits(native.printed, .postgres) ? .plain : nil
  }

  private static func json(_ native: NativeType) -> ColumnForm? {
    native.isBuiltIn("jsonb") ? .plain : native.isBuiltIn("json") ? .json : nil
  }

  private static func text(_ native: NativeType, _ type: FieldType?) -> ColumnForm? {
    if native.isBuiltIn("text") || native.isBuiltIn("varchar") { return .plain }
    if let labels = native.labels {
      // A text that is no label could be asked for.
      guard case .enumeration(let values)? = type, values.allSatisfy({ value in labels.contains { $0.utf8.elementsEqual(value.utf8) } })
      else { return nil }
      return .text(type: native.base, .exact)
    }
    if native.isBuiltIn("bpchar") || native.base.name == "citext" { return .text(type: native.base, .wider) }
    let others = ["bytea", "json", "jsonb", "tsvector", "tsquery", "xml"]
    return native.base.isBuiltIn && native.element == nil && !others.contains(native.base.name) ? .text(type: native.base, .none) : nil
  }

  /// The items whose JSON is what the array's elements are.
  private static func array(_ native: NativeType, _ item: FieldType) -> ColumnForm? {
    guard let element = native.element else { return nil }
    func isOne(of names: String...) -> Bool { element.base.isBuiltIn && names.contains(element.base.name) }
    let (fits, asTexts): (Bool, Bool) =
      switch item {
      case .string, .text, .email, .url: (isOne(of: "text", "varchar", "bpchar") || element.base.name == "citext", true)
      case .enumeration(let values):
        (isOne(of: "text", "varchar") || values.allSatisfy { element.labels?.contains($0) == true }, true)
      case .integer: (isOne(of: "int2", "int4", "int8"), false)
      case .number: (isOne(of: "float4", "float8"), false)
      case .decimal(_, let scale, _, _):
        (isOne(of: "numeric") && SchemaDifference.precision(element.printed)?.scale == scale, true)
      case .boolean: (isOne(of: "bool"), false)
      case .uuid: (isOne(of: "uuid"), true)
      case .date: (isOne(of: "date"), true)
      default: (false, false)
      }
    return fits ? .array(element: element.name, asTexts: asTexts) : nil
  }
}

extension NativeType {
  package func isBuiltIn(_ name: String) -> Bool { base.isBuiltIn && base.name == name }
}
