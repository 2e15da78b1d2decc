extension Language {
  /// The names of types, as `type:` has them.
  static let types = [
    "string", "text", "email", "url", "integer", "decimal", "number", "boolean", "timestamp", "date", "uuid", "enum", "money", "json",
    "secret", "file",
  ]
  /// The types that a list may hold.
  static let listTypes = [
    "string", "text", "email", "url", "integer", "decimal", "number", "boolean", "timestamp", "date", "uuid", "enum",
  ]
  /// Options of T that a `list of T` takes for its items.
  static let itemOptions: Set<String> = ["pattern", "minimum", "maximum", "precision", "values"]
  /// How options name the type of `ref` and `list of ...` fields.
  static let refType = "ref"
  static let listType = "list"

  static let field = MappingGrammar(
    "field", "A field, a ref, or an inverse.", needsOneOf: ["type", "ref", "many"],
    [
      Key("type", .text(.type), "Its type."),
      Key("ref", identifier, "The resource it points to."),
      Key("many", identifier, "The resource whose records point here; no column.", needs: "by"),
      Key("by", identifier, "The ref of that resource which points here.", types: ["many"]),
      Key("description", description, "What it is."),
      Key("required", .boolean, "Whether it must have a value."),
      Key("default", .any, "A value, or an expression over caller and now."),
      Key("unique", .boolean, "No two records have the same value."),
      Key("index", .boolean, "Makes it filterable and sortable."),
      Key("immutable", .boolean, "Set once, when the record is created."),
      Key("read", .access, "Who may see it, of those who see the record."),
      Key("write", .access, "Who may set it, of those who may write the record."),
      Key("personal", .boolean, "About a person. (No log holds a value of any field.)"),
      Key("encrypted", .boolean, "Kept as AES-256-GCM ciphertext.", types: ["string", "text", "email", "url", "secret"]),
      Key("deprecated", .boolean, "Still served, to be removed."),
      Key(
        "length", .choice([.text(.range)]), "Characters, or items of a list.", types: ["string", "text", "secret", listType]),
      Key("pattern", .text(.pattern), "RE2; the whole value must match.", types: ["string"]),
      Key("search", .boolean, "Found by its words, with `search=`; at most 65,536 characters.", types: ["string", "text"]),
      Key("minimum", .number, "The least value; minor units for money.", types: ["integer", "decimal", "number", "money"]),
      Key("maximum", .number, "The greatest value.", types: ["integer", "decimal", "number"]),
      Key("precision", .text(.precision), "Digits in all, digits after the point.", types: ["decimal"]),
      Key("values", .list(.text(.text(max: 100)), count: 0...200), "What it may be.", types: ["enum"]),
      Key("currencies", .list(.text(.currency), count: 1...200), "Which are accepted (all).", types: ["money"]),
      Key("schema", .any, "A JSON Schema 2020-12 that every value fits.", types: ["json"]),
      Key("size", .text(.size), "At most so many bytes.", types: ["json", "file"]),
      Key("types", .list(.text(.mediaType), count: 1...100), "Media types that are accepted.", types: ["file"]),
      Key(
        "on_delete", .word(["restrict", "cascade", "set_null"]),
        "What deleting the target does (restrict); at most 1,000 records go or change with one.", types: [refType]),
      Key("column", .text(.database), "The column of an adopted field."),
      Key(
        "stored_as", .choice([.word(["text", "real", "unix", "unix_milliseconds"]), .object(texts)]), "How the column holds its values.",
        types: ["date", "timestamp", "uuid", "decimal", "boolean"]),
      Key("generated", .boolean, "The database computes it: never written."),
      Key(
        "was", identifier, "Its name before it was renamed: `martlet migrate apply` renames its column too, and the service starts then."),
    ])

  static let texts = MappingGrammar(
    "stored_texts", "A boolean as two texts.",
    [
      Key("yes", .text(.text(max: 100)), "The text for true.", required: true),
      Key("no", .text(.text(max: 100)), "The text for false.", required: true),
    ])
}
