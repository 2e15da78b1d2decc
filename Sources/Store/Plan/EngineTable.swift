/// The engine's own tables: their names and columns, once, for schema and statements alike.
package struct EngineTable: Sendable {
  package let name: String
  package let columns: [ColumnLayout]
  /// Column names of the primary key.
  package let key: [String]
  /// The store numbers the key's one integer column itself, growing by one.
  package let isNumbered: Bool
  /// Column lists of further indexes.
  package let indexes: [[String]]

  /// The tables that a store has.
  package static func all(_ dialect: Dialect) -> [EngineTable] {
    [events, idempotency, schema, migrations] + (dialect == .postgres ? [positions, numbering] : [])
  }

  /// Every change of a record, written in its transaction and never changed again. See docs/decisions/009-events.md.
  package static let events = EngineTable(
    name: "_martlet_events",
    columns: [
      // In the order of writing. SQLite has one writer: there it is also the gap-free order of what took effect.
      column("position", .integer),
      column("resource", .text),
      // The key's text.
      column("record", .text),
      column("revision", .integer, null: true),
      // create, update, replace, delete, or a transition's name.
      column("action", .text),
      // The row of `users`; null for a caller without a token.
      column("actor", .uuid, null: true),
      // The request's id: what one request changed, and what follows from it, has the same. Empty where none is known.
      column("request", .text),
      // Grows with every event of a record, whatever the clocks say.
      column("time", .timestamp),
      // What an update replaced: the values of the fields that it changed. Of a deletion all of the record.
      column("before", .json, null: true),
      // The whole record as it became; null for a deletion.
      column("after", .json, null: true),
      // The number of the record's shape: `_martlet_schema` has its text.
      column("version", .integer),
      // The record whose deletion caused this change of another, as RESOURCE/ID; null for what was asked for itself.
      column("cause", .text, null: true),
    ], key: ["position"], isNumbered: true, indexes: [["resource", "record", "time"]])

  /// PostgreSQL: the global positions of events, without gaps. `EventStream` gives them.
  package static let positions = EngineTable(
    name: "_martlet_positions", columns: [column("position", .integer), column("event", .integer)], key: ["position"],
    isNumbered: false, indexes: [])

  /// PostgreSQL: how far that has come, in one row.
  package static let numbering = EngineTable(
    name: "_martlet_numbering",
    columns: [
      column("name", .text),
      // The last position.
      column("last", .integer),
      // The highest number of an event that has one, and the numbers below it of which no event was seen.
      column("seen", .integer), column("gaps", .text),
      // The gaps that were there when `horizon` was the next transaction's id.
      column("old_gaps", .text), column("horizon", .text),
    ], key: ["name"], isNumbered: false, indexes: [])

  /// The answers of requests that carried an `Idempotency-Key`, kept for 24 hours.
  package static let idempotency = EngineTable(
    name: "_martlet_idempotency",
    columns: [
      // A digest of the caller and the key.
      column("scope", .bytes), column("fingerprint", .bytes), column("status", .integer), column("etag", .text, null: true),
      column("location", .text, null: true), column("body", .bytes), column("created_at", .timestamp),
    ], key: ["scope"], isNumbered: false, indexes: [["created_at"]])

  /// What the database was last prepared for: `table:NAME`, and every shape that records have had: `shape:RESOURCE:NUMBER`.
  package static let schema = EngineTable(
    name: "_martlet_schema",
    columns: [column("name", .text), column("value", .text), column("applied_at", .timestamp)], key: ["name"],
    isNumbered: false, indexes: [])

  /// What was done to the schema, step by step. A step's row is written with it, or before it where no transaction can hold both.
  package static let migrations = EngineTable(
    name: "_martlet_migrations",
    columns: [
      column("number", .integer),
      // What one call of the command, or one start, did.
      column("migration", .integer),
      // plan, file or down
      column("kind", .text), column("name", .text), column("safety", .text),
      // Of the statements, or of the file.
      column("checksum", .text), column("statements", .text), column("actor", .text),
      // What takes it back; null where nothing is to do for it, empty where nothing can. And a statement that yields a row where
      // data would be lost by it.
      column("reversal", .text, null: true), column("loses_if", .text, null: true),
      // begun, done or undone
      column("state", .text), column("started_at", .timestamp),
      // Microseconds.
      column("duration", .integer, null: true),
    ], key: ["number"], isNumbered: true, indexes: [])

  private static func column(_ name: String, _ kind: ColumnKind, null: Bool = false) -> ColumnLayout {
    ColumnLayout(name: name, kind: kind, isNullable: null)
  }
}
