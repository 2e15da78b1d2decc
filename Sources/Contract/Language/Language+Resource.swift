extension Language {
  static let resource = MappingGrammar(
    "resource", "Something that is stored and served.",
    [
      Key("description", description, "What it is; stands in the API's description."),
      Key("fields", .map(.identifier, .choice([.text(.type), .object(field)])), "Its fields; `name: TYPE` is short for {type: TYPE}."),
      Key("access", .object(access), "Who may do what. What is not granted is denied."),
      Key(
        "indexes", .list(.list(.text(.sortKey), count: 1...16), count: 0...64),
        "Indexes beside those of unique, index and ref: lists of fields, -field for the other direction."),
      Key("unique", .list(.list(identifier, count: 1...16), count: 0...64), "Fields that are unique together."),
      Key("constraints", .map(.name, expression), "Conditions over `input` that every write must fulfil, by name."),
      Key("states", .object(states), "A state machine over one of its fields."),
      Key("filterable", .list(identifier, count: 0...64), "Fields that may be filtered without an index, within `scan`."),
      Key("scan", .integer(1...1_000_000), "How many rows a list may look at (10000)."),
      Key("cache", duration, "How long others may cache answers."),
      Key("id", .choice([.word(["client"]), .object(identity(of: "key"))]), "`client` where PUT may create; or an adopted key."),
      Key("concurrency", .word(["required"]), "required: a change must say If-Match."),
      Key("idempotency", .word(["required"]), "required: a POST must have an Idempotency-Key."),
      Key("history", .boolean, "Every change can be read back: `/history`, and a record `?at=` a time."),
      Key(
        "delete", .word(["soft"]), "soft: deleted records are kept, and can be restored; with them what goes along (`on_delete: cascade`)."),
      Key("retain", duration, "How long records are kept after they were made; then they are deleted for good, and their history emptied."),
      Key("sourced", .boolean, "The events are the record.", later: "event sourcing"),
      Key("partition", .object(partition), "Parts of the table by time: made ahead, and gone with what is in them after `keep`."),
      Key("tenancy", .object(tenancy), "Every row belongs to a tenant."),
      Key("table", .text(.database), "The table of an adopted resource."),
      Key("schema", .text(.database), "Its schema (PostgreSQL)."),
      Key("managed", .boolean, "Whether Martlet makes and changes the table (false where `table` is given)."),
      Key("read_only", .boolean, "A view, or a table that is only read."),
      Key("revision", .word(["none"]), "none: the table has no revision column."),
      Key("was", identifier, "Its name before it was renamed: `martlet migrate apply` renames its table too, and the service starts then."),
    ])

  private static func identity(of name: String) -> MappingGrammar {
    MappingGrammar(
      name, "The key of an adopted table.", needsOneOf: ["column", "columns"],
      [
        Key("column", .text(.database), "The key's column."),
        Key("columns", .list(.text(.database), count: 2...8), "The columns of a composite key: each is a field's."),
        Key("type", .text(.type), "The column's type (uuid)."),
        Key("length", .text(.range), "Characters, where the type is string.", types: ["string"]),
        Key("generated", .boolean, "Whether the database makes it (integers: true)."),
      ])
  }

  static let access = MappingGrammar(
    "resource_access", "Who may do what.",
    [
      Key("create", .access, "Who may create: `record` is what is created."),
      Key("read", .access, "Who may see a record, in lists too."),
      Key("update", .access, "Who may change a record: the rule holds before and after, or compares `record` with `input`."),
      Key("delete", .access, "Who may delete a record."),
      Key("export", .access, "Who may export records: of those that it may read, all at once."),
    ])

  static let states = MappingGrammar(
    "states", "A state machine.",
    [
      Key("field", identifier, "An enum field with a default: only transitions write it.", required: true),
      Key("transitions", .map(.name, .object(transition)), "What leads from state to state.", required: true),
    ])

  static let transition = MappingGrammar(
    "transition", "One way from state to state.",
    [
      Key("from", .oneOrMany(.text(.text(max: 100))), "The states it may come from.", required: true),
      Key("to", .text(.text(max: 100)), "The state it leads to.", required: true),
      Key("access", .access, "Who may take it (nobody).", required: true),
      Key("description", description, "What it means."),
    ])

  static let partition = MappingGrammar(
    "partition", "Parts of the table by time. On SQLite only `keep` has an effect.",
    [
      Key("by", identifier, "created_at, the time that the id tells.", required: true),
      Key("every", .word(["day", "week", "month", "year"]), "How long one part is. Parts begin at midnight UTC.", required: true),
      Key(
        "keep", .integer(1...10_000),
        "How many parts are kept, the one of now among them; then their records are deleted for good, and their history emptied."),
    ])

  static let tenancy = MappingGrammar(
    "tenancy", "Every row belongs to a tenant.", [Key("by", identifier, "The field that holds it.", required: true)])
}
