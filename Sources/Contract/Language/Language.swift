/// The tables of the contract language: every key, its grammar and what it does.
enum Language {
  static let version: Int64 = 1
  static let description = NodeGrammar.text(.text(max: 4096))
  static let name = NodeGrammar.text(.name)
  static let identifier = NodeGrammar.text(.identifier)
  static let duration = NodeGrammar.text(.duration)
  static let expression = NodeGrammar.text(.expression)

  static let contract = MappingGrammar(
    "contract", "A contract: what a Martlet backend is.",
    [
      Key("martlet", .any, "The version of the contract language: 1."),
      Key("include", .oneOrMany(.text(.text(max: 1024))), "Further files, relative to this one, whose sections join this file's."),
      Key("service", .object(service), "The service itself."),
      Key("store", .object(store), "The database."),
      Key("backup", .object(backup), "Where the database is copied to, how often, and how long copies are kept."),
      Key("cache", .object(cache), "A shared cache.", later: "the shared cache"),
      Key(
        "brokers", .map(.name, .text(.url(["memory:", "kafka", "amqp", "amqps", "nats", "redis", "rediss", "sqs", "https"]))),
        "Message brokers by name.", later: "message brokers"),
      Key("roles", .list(name, count: 0...200), "Every role that a caller may have."),
      Key("identity", .object(identity), "Who callers are."),
      Key("limits", .map(.name, .object(limit)), "Rate limits by name.", later: "rate limits"),
      Key("resources", .map(.identifier, .object(resource)), "What is stored and served."),
      Key("queries", .map(.name, .object(query)), "Read models, named and parameterised."),
      Key("services", .map(.name, .object(outbound)), "What the service calls.", later: "calls to other services"),
      Key("workflows", .map(.name, .object(workflow)), "Sagas: steps with their undo.", later: "workflows"),
      Key("jobs", .map(.name, .object(job)), "Background work.", later: "jobs"),
      Key("events", .object(events), "Events that are published and consumed.", later: "publishing and consuming events"),
      Key("webhooks", .object(webhooks), "Subscriptions that are made over the API.", later: "webhooks"),
    ])

  static let service = MappingGrammar(
    "service", "The service itself.",
    [
      Key("name", name, "Its name."),
      Key("version", .text(.version), "The URL prefix, such as v1."),
      Key("description", description, "What it is for."),
      Key("scaling", .object(scaling), "How far it scales out; for deployment manifests.", later: "deployment manifests"),
      Key("health", .object(health), "Where its health is asked for."),
    ])

  static let scaling = MappingGrammar(
    "scaling", "How far the service scales out.",
    [
      Key("min_replicas", .integer(0...10_000), "At least so many processes."),
      Key("max_replicas", .integer(1...10_000), "At most so many processes."),
      Key("target_cpu", .text(.percent), "The load at which one more starts."),
    ])

  static let health = MappingGrammar(
    "health", "Where and how often health is asked for.",
    [
      Key("endpoint", .text(.path), "The path."),
      Key("interval", duration, "How often; for deployment manifests.", later: "deployment manifests"),
      Key("timeout", duration, "How long an answer may take; for deployment manifests.", later: "deployment manifests"),
    ])

  static let storeSchemes = ["sqlite:", "postgres", "postgresql", "mysql", "mariadb"]

  static let store = MappingGrammar(
    "store", "The database.",
    [
      Key("url", .text(.url(storeSchemes)), "sqlite:PATH, postgres://... or mysql://..."),
      Key("pool", .integer(1...10_000), "Connections."),
      Key("timeout", .choice([duration, .object(storeTimeout)]), "How long a statement may take; or each time-out by its name."),
      Key("pooler", .word(["transaction"]), "PgBouncer in transaction mode, or its like, stands between the service and PostgreSQL."),
      Key(
        "direct", .text(.url(["postgres", "postgresql"])), "The database past the pooler: migrations and backups use it.", needs: "pooler"),
      Key(
        "replicas", .list(.text(.url(["postgres", "postgresql", "mysql", "mariadb"])), count: 0...32),
        "Standbys of a PostgreSQL that serve reads."),
      Key("lag", duration, "How old what a replica shows may be, 2s to 30s (5s).", needs: "replicas"),
    ])

  static let storeTimeout = MappingGrammar(
    "store_timeout", "The time-outs of a store. SQLite has the first alone.",
    [
      Key("statement", duration, "How long a statement may take: 30s."),
      Key("transaction", duration, "How long a write may take, from its first statement to its commit: as long as a statement."),
      Key("lock", duration, "How long a statement waits for a lock: 5s."),
      Key("connect", duration, "How long connecting may take, with TLS and authentication: 5s."),
      Key("wait", duration, "How long a call waits for a connection: 5s."),
    ])

  static let backup = MappingGrammar(
    "backup", "Copies of the database, and the log between them.",
    [
      Key("to", .text(.url(["file:"])), "A folder, as file:/srv/backups/shop: of this service alone.", required: true),
      Key("every", duration, "From one whole copy to the next, 1m at least (1d)."),
      Key("keep", duration, "How far back every moment stays restorable; not less than `every` (14d)."),
      Key("ship", duration, "How soon a commit is in the folder, 100ms to 1h (1s). On SQLite."),
    ])

  static let cache = MappingGrammar(
    "cache", "A shared cache.",
    [
      Key("url", .text(.url(["memory:", "redis", "rediss"])), "memory: or redis://...", required: true),
      Key("ttl", duration, "How long entries live unless they say otherwise."),
    ])

  static let limit = MappingGrammar(
    "limit", "One rate limit.",
    [
      Key("rate", .text(.rate), "Such as 60/minute.", required: true),
      Key("burst", .integer(1...1_000_000_000), "What may come at once."),
      Key("by", .word(["ip", "caller", "tenant", "key"]), "What is counted."),
      Key("when", expression, "Whom it is for: an expression over caller and request."),
    ])
}
