import Base
import Contract
import JSON
import Store

/// A small contract that uses every kind of column, and statements over it.
enum Library {
  static let contract: Contract = {
    var contract = Contract()
    contract.resources = [authors, books, reviews]
    return contract
  }()

  static let authors: Resource = {
    var resource = Resource(name: "authors")
    resource.fields = [
      field("name", .string(StringOptions(length: 1...200))) {
        $0.isRequired = true
        $0.isUnique = true
      }, field("country", .enumeration(["fr", "gb", "o'x"])),
    ]
    return resource
  }()

  static let books: Resource = {
    var resource = Resource(name: "books")
    resource.fields = [
      field("author", .ref(Reference(resource: "authors"))) { $0.isRequired = true },
      field("title", .string(StringOptions(length: 1...100))) { $0.isRequired = true }, field("price", .money(MoneyOptions(minimum: 0))),
      field("rating", .number(minimum: nil, maximum: nil)), field("in_print", .boolean), field("published", .date),
      field("sold_at", .timestamp), field("code", .uuid),
      field("weight", .decimal(precision: 12, scale: 2, minimum: nil, maximum: nil)),
      field("meta", .json(JSONOptions())), field("pages", .integer(minimum: 0, maximum: 100_000)),
      field("blurb", .text(StringOptions(length: 0...65_536))),
    ]
    resource.indexes = [Index(parts: [.init(field: "published", descending: true)])]
    return resource
  }()

  static let reviews: Resource = {
    var resource = Resource(name: "reviews")
    resource.fields = [
      field("book", .ref(Reference(resource: "books", onDelete: .cascade))) { $0.isRequired = true },
      field("by", .ref(Reference(resource: "authors", onDelete: .setNull))),
      field("stars", .integer(minimum: 1, maximum: 5)) { $0.isRequired = true },
    ]
    resource.indexes = [Index(parts: [.init(field: "book"), .init(field: "stars")], isUnique: true)]
    return resource
  }()

  static func field(_ name: String, _ type: FieldType, _ configure: (inout Field) -> Void = { _ in }) -> Field {
    var field = Field(name: name, type: type)
    configure(&field)
    return field
  }

  static let layout = Layout(contract)
  static let time = Timestamp(microseconds: 1_700_000_000_123_456)

  static func id(_ number: UInt64) -> UUID { UUID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 | number) }

  /// A row of a table: `id`, what `values` name by column, and the engine's columns; the others are null.
  static func insert(_ resource: String, _ id: UUID, _ values: [String: Value], dialect: Dialect) -> WriteBatch.Step {
    guard let table = layout[resource] else { preconditionFailure("no such resource") }
    var all: [String: Value] = ["id": .uuid(id), "created_at": .timestamp(time), "updated_at": .timestamp(time), "revision": .integer(1)]
    all.merge(values) { _, new in new }
    let columns = table.fields.flatMap(\.columns)
    var names = SQL("(")
    var parameters = SQL("(")
    for (place, column) in columns.enumerated() {
      if place > 0 {
        names.append(", ")
        parameters.append(", ")
      }
      names.append(identifier: column.name)
      parameters.append(parameter: column.kind, .value(all[column.name] ?? .null))
    }
    var sql = SQL("INSERT INTO ")
    sql.append(identifier: table.table)
    sql = sql + SQL(" ") + names + SQL(") VALUES ") + parameters + SQL(")")
    let prepared = sql.statement(for: dialect)
    return .run(prepared.statement, prepared.values(), rows: 1)
  }

  /// Whole records as JSON, in the order of their ids.
  static func all(_ resource: String, where condition: SQL? = nil, dialect: Dialect) -> Query {
    guard let table = layout[resource] else { preconditionFailure("no such resource") }
    var sql = SQL("SELECT ")
    var fields: [RowEncoding.Field] = []
    var captures: [RowEncoding.Capture] = []
    var column = 0
    for field in table.fields {
      var key: [UInt8] = []
      key.appendJSONKey(field.name)
      fields.append(RowEncoding.Field(key: key, column: column, content: field.content))
      for layout in field.columns {
        if column > 0 { sql.append(", ") }
        sql.append(identifier: layout.name)
        captures.append(RowEncoding.Capture(column: column, kind: layout.kind))
        column += 1
      }
    }
    sql.append(" FROM ")
    sql.append(identifier: table.table)
    if let condition { sql = sql + SQL(" WHERE ") + condition }
    sql.append(" ORDER BY id")
    let prepared = sql.statement(for: dialect)
    return Query(
      prepared.statement, prepared.values(), encoding: RowEncoding(fields: fields, captures: captures), rowsMax: 10_000)
  }

  static func equals(_ column: String, _ kind: ColumnKind, _ value: Value) -> SQL {
    var sql = SQL()
    sql.append(identifier: column)
    sql.append(" = ")
    sql.append(parameter: kind, .value(value))
    return sql
  }

  /// A guard that says `code`, without looking at anything.
  static func guarding(_ code: Int, dialect: Dialect) -> WriteBatch.Step {
    var sql = SQL("SELECT ")
    sql.append(code)
    return .guarding(sql.statement(for: dialect).statement, [])
  }

  static func count(_ resource: String, _ store: any Store) async throws -> Int {
    var sql = SQL("SELECT count(*) FROM ")
    sql.append(identifier: resource)
    return Int(try await store.inspect(sql.statement(for: store.dialect).statement.text, []).first?.first.flatMap { $0 } ?? "") ?? -1
  }

  static func prepare(_ store: any Store) async throws { _ = try await SchemaManager().prepare(store, contract) }
}

extension Rows {
  /// Each row's object, closed.
  var objects: [String] {
    var start = 0
    return ends.map { end in
      defer { start = end }
      return String(decoding: json[start..<end], as: UTF8.self) + "}"
    }
  }
}
