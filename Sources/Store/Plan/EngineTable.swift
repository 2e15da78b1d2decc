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

  package static let all = [events, idempotency, schema]

  /// Every change: who, what, before and after, in one global order and in the record's own (its revision).
  package static let events = EngineTable(
    name: "_martlet_events",
    columns: [
      column("position", .integer), column("resource", .text), column("record", .text), column("revision", .integer, null: true),
      column("action", .text), column("actor", .uuid, null: true), column("request", .text), column("time", .timestamp),
      column("before", .json, null: true), column("after", .json, null: true), column("version", .integer),
      // The record whose deletion caused this change of another, as RESOURCE/ID; null for what was asked for itself.
      column("cause", .text, null: true),
    ], key: ["position"], isNumbered: true, indexes: [["resource", "record", "position"]])

  /// The answers of requests that carried an `Idempotency-Key`, kept for 24 hours.
  package static let idempotency = EngineTable(
    name: "_martlet_idempotency",
    columns: [
      // A digest of the caller and the key.
      column("scope", .bytes), column("fingerprint", .bytes), column("status", .integer), column("etag", .text, null: true),
      column("location", .text, null: true), column("body", .bytes), column("created_at", .timestamp),
    ], key: ["scope"], isNumbered: false, indexes: [["created_at"]])

  /// What the database was last prepared for.
  package static let schema = EngineTable(
    name: "_martlet_schema",
    columns: [column("name", .text), column("value", .text), column("applied_at", .timestamp)], key: ["name"],
    isNumbered: false, indexes: [])

  private static func column(_ name: String, _ kind: ColumnKind, null: Bool = false) -> ColumnLayout {
    ColumnLayout(name: name, kind: kind, isNullable: null)
  }
}
