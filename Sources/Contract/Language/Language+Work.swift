extension Language {
  static let query = MappingGrammar(
    "query", "A named query.", needsOneOf: ["from", "sql"],
    [
      Key("description", description, "What it tells."),
      Key("params", .map(.name, .choice([.text(.type), .object(parameter)])), "What the caller gives."),
      Key("from", identifier, "The resource it reads."),
      Key("where", expression, "Which records count: the fields are the names, beside caller, params and now."),
      Key("group", .map(.name, expression), "What the answer is grouped by."),
      Key("select", .map(.name, expression), "What is told of each group: count(), sum(x), avg(x), min(x), max(x)."),
      Key("sort", .oneOrMany(.text(.sortKey)), "In which order."),
      Key("limit", .integer(1...100_000), "At most so many rows a page (1000)."),
      Key("timeout", duration, "How long it may take, where that is less than the store's `timeout`."),
      Key("access", .access, "Who may ask.", required: true),
      Key("cache", duration, "How long an answer to a caller without a token may be kept."),
      Key(
        "sql", .choice([.text(.text(max: 65_536)), .object(sql)]),
        "The escape: a statement of your own that reads. It sees columns as they are stored; `:name` is a parameter, `:caller_id` and "
          + "`:caller_tenant` are the caller's."),
      Key("columns", .map(.name, .choice([.text(.type), .object(column)])), "With `sql`: what its rows have.", needs: "sql"),
      Key("bypasses_rules", .boolean, "Must be true with `sql`: it sees every row.", needs: "sql"),
    ])

  static let sql = MappingGrammar(
    "sql", "A statement for each store.",
    [
      Key("sqlite", .text(.text(max: 65_536)), "For SQLite."),
      Key("postgres", .text(.text(max: 65_536)), "For PostgreSQL."),
      Key("mysql", .text(.text(max: 65_536)), "For MySQL."),
    ])

  static let column = MappingGrammar(
    "query_column", "A column of a statement.",
    [
      Key("type", .text(.type), "Its type.", required: true),
      Key("precision", .text(.precision), "Digits in all, digits after the point.", types: ["decimal"]),
      Key("values", .list(.text(.text(max: 100)), count: 0...200), "What it may be.", types: ["enum"]),
      Key("description", description, "What it is."),
    ])

  static let parameter = MappingGrammar(
    "parameter", "A parameter of a query.",
    [
      Key("type", .text(.type), "Its type.", required: true),
      Key("required", .boolean, "Whether it must be given."),
      Key("default", .any, "Its value where it is not given."),
      Key("description", description, "What it is."),
      Key("values", .list(.text(.text(max: 100)), count: 0...200), "What it may be.", types: ["enum"]),
    ])

  static let outbound = MappingGrammar(
    "outbound_service", "Something that this service calls.",
    [
      Key("url", .text(.url(["http", "https"])), "Where it is.", required: true),
      Key("timeout", duration, "How long an answer may take."),
      Key("retry", .object(retry), "When to try again."),
      Key("breaker", .object(breaker), "When to stop trying."),
      Key("concurrency", .integer(1...100_000), "Calls at once."),
      Key("headers", .map(.text(max: 256), .text(.text(max: 8192))), "Sent with every call."),
    ])

  static let retry = MappingGrammar(
    "retry", "When to try again.",
    [
      Key("attempts", .integer(1...100), "Tries in all.", required: true),
      Key("backoff", .text(.durationRange), "The first and the longest wait: 100ms..2s."),
    ])

  static let breaker = MappingGrammar(
    "breaker", "When to stop trying.",
    [
      Key("failures", .text(.percent), "The share of failures that opens it."),
      Key("window", duration, "Over how long."),
      Key("minimum", .integer(1...1_000_000), "Not before so many calls."),
      Key("cooldown", duration, "How long it stays open."),
    ])

  static let workflow = MappingGrammar(
    "workflow", "A saga.",
    [
      Key("description", description, "What it does."),
      Key("after", .text(.event), "The event that starts it.", required: true),
      Key("steps", .map(.name, .object(step)), "Its steps, in order.", required: true),
    ])

  private static let callKeys = [
    Key("call", .text(.call), "A service and a method: payments.post."),
    Key("path", .text(.path), "The path; {name.member} is filled in."),
    Key("body", .text(.text(max: 65_536)), "What is sent: {name: expression, ...}."),
    Key("transition", .text(.event), "A transition that is taken: orders.pay."),
    Key("run", name, "A handler of this name, or purge_expired."),
  ]

  static let undo = MappingGrammar("undo", "What takes a step back.", needsOneOf: ["call", "transition", "run"], callKeys)

  static let step = MappingGrammar(
    "step", "One step.", needsOneOf: ["call", "transition", "run"],
    callKeys + [
      Key("undo", .object(undo), "What takes it back."),
      Key("retry", .object(retry), "When to try again."),
      Key("timeout", duration, "How long it may take."),
    ])

  static let job = MappingGrammar(
    "job", "Background work.", needsOneOf: ["call", "transition", "run"],
    callKeys + [
      Key("description", description, "What it does."),
      Key("after", .text(.event), "The event that starts it."),
      Key("schedule", .text(.cron), "When it starts: cron's five fields, UTC."),
      Key("when", expression, "Only where this holds."),
      Key("retry", .object(retry), "When to try again."),
      Key("timeout", duration, "How long it may take."),
      Key("concurrency", .integer(1...10_000), "How many at once."),
    ])

  static let events = MappingGrammar(
    "events", "Events that are published and consumed.",
    [
      Key("publish", .list(.object(publication), count: 0...1000), "What is sent to brokers."),
      Key("consume", .list(.object(consumption), count: 0...1000), "What is done with what comes."),
    ])

  static let publication = MappingGrammar(
    "publication", "Events sent to a broker.",
    [
      Key("match", .text(.eventMatch), "Which events: orders.*", required: true),
      Key("to", name, "The broker.", required: true),
      Key("topic", .text(.filled(max: 249)), "The topic.", required: true),
      Key("key", expression, "What keeps events in order: an expression over record."),
    ])

  static let consumption = MappingGrammar(
    "consumption", "Messages taken from a broker.", needsOneOf: ["transition", "call", "run"],
    callKeys + [
      Key("from", name, "The broker.", required: true),
      Key("topic", .text(.filled(max: 249)), "The topic.", required: true),
      Key("group", .text(.filled(max: 249)), "The consumer group."),
      Key("match", expression, "Which record it is about: an expression over record and event."),
      Key("retry", .object(retry), "When to try again."),
    ])

  static let webhooks = MappingGrammar(
    "webhooks", "Subscriptions that are made over the API.",
    [
      Key("match", .oneOrMany(.text(.eventMatch)), "Which events may be subscribed to.", required: true),
      Key("access", .access, "Who may subscribe.", required: true),
    ])
}
