import Base
@testable import Bench
import Contract
@testable import Store
import TestSupport
import Testing

/// What is made of tables that a catalog describes, without a database.
@Suite struct PostgresAdoptionTests {
  private static func native(_ name: String, _ printed: String? = nil, labels: [String]? = nil) -> NativeType {
    let schema = labels == nil ? "pg_catalog" : "public"
    return NativeType(base: NativeName(schema: schema, name: name), printed: printed ?? name, labels: labels)
  }

  private static func column(
    _ name: String, _ type: NativeType, isNullable: Bool = true, defaultText: String? = nil, checks: [String] = [], extent: Int? = nil,
    isIndexed: Bool = false, change: (inout LiveColumn) -> Void = { _ in }
  ) -> (column: FoundColumn, unsaid: [String]) {
    var live = LiveColumn(
      name: name, type: type.printed, isNullable: isNullable, defaultText: defaultText, isGenerated: false, native: type)
    change(&live)
    var table = LiveTable(name: "t")
    table.columns = [live]
    let conditions = PostgresChecks(checks.map { LiveCondition(column: nil, text: $0) }, of: table)
    var reading = PostgresColumn(live, extents: extent.map { [name: $0] } ?? [:], isSurveyed: true, checks: conditions[name])
    reading.isIndexed = isIndexed
    return (reading.found(description: nil), reading.unsaid + conditions.others)
  }

  private static func text(_ options: [(key: String, value: String)]) -> String {
    options.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
  }

  static let types: [(type: NativeType, form: String?, isSought: Bool)] = [
    (native("int2"), "type: integer", true), (native("numeric", "numeric(10,0)"), "type: integer", true),
    (native("numeric", "numeric(10,2)"), "type: decimal, precision: \"10,2\"", true),
    (native("numeric", "numeric(30,20)"), "type: decimal, precision: \"18,18\"", true),
    (native("numeric", "numeric(3,-2)"), nil, true), (native("numeric"), "type: decimal, precision: \"18,4\"", true),
    (native("money"), "type: decimal, precision: \"18,2\"", false), (native("float4"), "type: number", false),
    (native("varchar", "character varying(40)"), "type: string, length: 0..40", true),
    (native("varchar", "character varying(99999)"), "type: text", true),
    (native("bpchar", "character(3)"), "type: string, length: 0..3", true),
    (native("text"), "type: text", true), (native("interval"), "type: string", false), (native("bytea"), nil, true),
    (native("tsvector"), nil, true), (native("point"), nil, true), (native("jsonb"), "type: json", true),
    (native("mood", labels: ["a", "b c"]), "type: enum, values: [a, \"b c\"]", true), (native("mood", labels: ["a", ""]), nil, true),
    (native("mood", labels: ["a\u{1}"]), nil, true), (native("mood", labels: []), nil, true),
  ]

  @Test("a column's type", arguments: types.indices)
  func type(_ place: Int) {
    let (type, form, isSought) = Self.types[place]
    let found = Self.column("x", type, extent: 4).column
    #expect(found.type.map { Self.text($0.options) } == form)
    if form != nil { #expect(found.type?.isSought == isSought) }
  }

  @Test("a text without a bound", arguments: [(nil, "0..600"), (600, "0..600"), (601, nil)] as [(Int?, String?)])
  func indexedText(_ longest: Int?, _ length: String?) {
    let found = Self.column("x", Self.native("text"), extent: longest, isIndexed: true).column
    #expect(found.type?.options.first { $0.key == "length" }?.value == length)
    #expect(((found.type?.lengthMax ?? 0) <= 600) == (length != nil))
  }

  static let checks: [(type: NativeType, check: String, form: String, isSaid: Bool)] = [
    (native("int4"), "((a >= 1) AND (a <= 5))", "type: integer, minimum: 1, maximum: 5", true),
    (native("int4"), "(a > '-1'::integer)", "type: integer, minimum: 0", true),
    (native("int4"), "(0 < a)", "type: integer, minimum: 1", true),
    (native("int4"), "(a < '-9223372036854775808'::bigint)", "type: integer", false),
    (native("int4"), "(a > 9223372036854775807)", "type: integer", false), (native("int4"), "((a % 2) = 1)", "type: integer", false),
    (native("int4"), "((a > 0) OR (a < '-5'::integer))", "type: integer", false), (native("int4"), "(a >= b)", "type: integer", false),
    (native("numeric", "numeric(10,2)"), "(a >= 0.5)", "type: decimal, precision: \"10,2\", minimum: 0.5", true),
    (native("numeric", "numeric(10,2)"), "(a > (0)::numeric)", "type: decimal, precision: \"10,2\"", false),
    (
      native("varchar", "character varying(10)"),
      "((a)::text = ANY ((ARRAY['x'::character varying, 'y''z'::character varying])::text[]))", "type: enum, values: [x, \"y'z\"]", true
    ),
    (native("text"), "(a = ANY (ARRAY['x'::text]))", "type: enum, values: [x]", true),
    (native("text"), "((a = 'x'::text) OR (a = 'y'::text))", "type: enum, values: [x, \"y\"]", true),
    (native("text"), "(a = ANY (ARRAY['x'::text, ''::text]))", "type: text", false),
    (native("text"), "((length(a) >= 2) AND (char_length(a) < 41))", "type: string, length: 2..40", true),
    (native("text"), "(length(a) > 70000)", "type: text", false), (native("text"), "(a ~ '^[)('';]+$'::text)", "type: text", false),
    (native("text"), "(a IS NOT NULL)", "type: text", false), (native("text"), "(", "type: text", false),
    (native("text"), "", "type: text", false),
    (native("text"), "((a)::timestamp(3) with time zone > now())", "type: text", false),
    (native("text"), String(repeating: "(", count: 5_000) + "a = 'x'" + String(repeating: ")", count: 5_000), "type: text", false),
    (native("bool"), "(a = true)", "type: boolean", false), (native("int4"), "(\"A\" >= 1)", "type: integer", false),
  ]

  @Test("a condition becomes an option, or is said", arguments: checks.indices)
  func check(_ place: Int) {
    let (type, check, form, isSaid) = Self.checks[place]
    let (found, unsaid) = Self.column("a", type, checks: [check])
    #expect(found.type.map { Self.text($0.options) } == form)
    #expect(unsaid.isEmpty == isSaid, "\(unsaid)")
  }

  @Test func `several conditions are all kept`() {
    let (found, unsaid) = Self.column("a", Self.native("int4"), checks: ["(a >= 1)", "(a >= 3)", "(a <= 9)", "(a < 9)"])
    #expect(found.type.map { Self.text($0.options) } == "type: integer, minimum: 3, maximum: 8" && unsaid.isEmpty)
    let values = Self.column("a", Self.native("text"), checks: ["(a = ANY (ARRAY['x', 'y']))", "(a = ANY (ARRAY['y', 'z']))"]).column
    #expect(values.type.map { Self.text($0.options) } == "type: enum, values: [\"y\"]")
  }

  static let defaults: [(text: String, type: NativeType, option: String?)] = [
    ("'it''s'::character varying", native("text"), "\"it's\""), ("'a'::public.mood", native("mood", labels: ["a", "b"]), "a"),
    ("0", native("int4"), "0"), ("'-1'::integer", native("int4"), "-1"), ("1.50", native("numeric", "numeric(10,2)"), "\"1.50\""),
    ("(0)::numeric", native("numeric", "numeric(10,2)"), "\"0\""), ("now()", native("timestamptz"), "now"),
    ("true", native("bool"), "true"),
    ("now()", native("date"), nil), ("CURRENT_DATE", native("date"), nil), ("'{}'::jsonb", native("jsonb"), nil),
    ("(1 + 1)", native("int4"), nil), ("E'a\\nb'::text", native("text"), nil), ("nextval('s'::regclass)", native("int4"), nil),
    ("'NaN'::numeric", native("numeric", "numeric(10,2)"), nil), ("'infinity'::double precision", native("float8"), nil),
  ]

  @Test("a default becomes an option, or is said", arguments: defaults.indices)
  func standard(_ place: Int) {
    let (text, type, option) = Self.defaults[place]
    switch Self.column("x", type, defaultText: text).column.defaultValue {
    case .option(let value): #expect(value == option)
    case .foreign(let said): #expect(option == nil && said == text)
    case .none: Issue.record("nothing is said of \(text)")
    }
    guard case .none = Self.column("x", type, defaultText: "NULL::text").column.defaultValue else {
      Issue.record("null is a default")
      return
    }
  }

  static let urls = [
    ("postgres://me:secret@host:5432/shop?sslmode=require", "postgres://me@host:5432/shop?sslmode=require", "shop"),
    ("postgres://me:sec?ret@host/shop", "postgres://me@host/shop", "shop"), ("postgresql://host", "postgresql://host", "service"),
    ("postgres://h1,h2:1/db?password=x&%70assword=y&PASSWORD=z&application_name=a", "postgres://h1,h2:1/db?application_name=a", "db"),
    ("postgres://me@host/a\"b${X}\n", "postgres://me@host/a%22b%24%7bX%7d%0a", "a\"b${X}\n"), ("postgres://", "postgres://", "service"),
    ("sqlite:/data/shop.v1.db", "sqlite:/data/shop.v1.db", "shop"), ("sqlite:shop", "sqlite:shop", "shop"), ("://", "://", "service"),
  ]

  @Test("a URL without its secrets", arguments: urls)
  func url(_ given: String, _ text: String, _ name: String) {
    let url = AdoptedURL(given)
    #expect(url.text == text && url.name == name)
  }

  private static func table(_ name: String, schema: String? = nil, _ columns: [FoundColumn], key: [String]) -> FoundTable {
    var table = FoundTable(name: name, schema: schema)
    table.home = schema ?? "public"
    table.columns = columns
    table.key = key
    return table
  }

  private func contract(_ tables: [FoundTable]) throws -> (contract: Contract, text: String) {
    let text = Adoption.text(tables, service: "test", url: "postgres://host/db")
    let result = ContractLoader.load(text: text)
    #expect(result.diagnostics.isEmpty, "\(result.diagnostics.map { "\($0.line): \($0.message)" })\n\(text)")
    return (try #require(result.contract), text)
  }

  @Test func `tables of two schemas have names of their own, and refs find the right one`() throws {
    let id = Self.column("id", Self.native("int4"), isNullable: false).column
    var orders = Self.table("orders", schema: "sales", [id, Self.column("item", Self.native("int4")).column], key: ["id"])
    orders.foreignKeys = [
      LiveForeignKey(name: "fk", columns: ["item"], table: "items", schema: "public", targets: ["id"], onDelete: "CASCADE")
    ]
    let (contract, _) = try contract([
      Self.table("items", [id], key: ["id"]), Self.table("items", schema: "sales", [id], key: ["id"]), orders,
      Self.table("sales_items", [id], key: ["id"]), Self.table("Items", [id], key: ["id"]),
    ])
    #expect(contract.resource("items")?.storage.schema == nil)
    #expect(contract.resources.filter { $0.storage.schema == "sales" }.map(\.storage.table).sorted() == ["items", "orders"])
    #expect(contract.resources.count == 5, "the callers' and four: only case tells the last from the first")
    guard case .ref(let reference)? = contract.resource("sales_orders")?.fields.first?.type else {
      Issue.record("no ref")
      return
    }
    #expect(reference.resource == "items" && reference.onDelete == .cascade)
  }

  @Test func `a ref to a table that is left out is a plain field, and so is one of another type`() throws {
    let id = Self.column("id", Self.native("int4"), isNullable: false).column
    var table = Self.table(
      "t", [id, Self.column("gone", Self.native("int4")).column, Self.column("wide", Self.native("text")).column], key: ["id"])
    table.foreignKeys = [
      LiveForeignKey(name: "a", columns: ["gone"], table: "bytes", schema: "public", targets: ["id"], onDelete: "NO ACTION"),
      LiveForeignKey(name: "b", columns: ["wide"], table: "t", schema: "public", targets: ["id"], onDelete: "NO ACTION"),
    ]
    let bytes = Self.table("bytes", [Self.column("id", Self.native("bytea"), isNullable: false).column], key: ["id"])
    let (contract, text) = try contract([table, bytes])
    let fields = contract.resource("t")?.fields ?? []
    #expect(fields.map(\.type.name) == ["integer", "text"])
    #expect(text.contains("# it refers to bytes, which is no ref here") && text.contains("# bytes is left out:"))
  }

  @Test func `what others wrote breaks no contract`() throws {
    let hostile = [
      "a\n  access: {read: anyone}", "\u{2028}x: y", "${HOME} $${X}", "}, access: {read: anyone}", "# \"'\\", "\u{85}\u{feff}\u{7}",
      "- *a &b !c",
      String(repeating: "ü", count: 5_000),
    ]
    for text in hostile {
      var column = Self.column(
        "note", Self.native("text"), defaultText: "'" + text.replacing("'", with: "''") + "'",
        checks: ["(note <> '\(text.replacing("'", with: "''"))'::text)"]
      ).column
      column.description = text
      let id = Self.column("id", Self.native("mood", labels: ["x"]), isNullable: false).column
      var table = Self.table("t" + text, [id, column], key: ["id"])
      table.notes = [text]
      table.refusal = text
      var served = Self.table("served", [Self.column("id", Self.native("uuid"), isNullable: false).column, column], key: ["id"])
      served.notes = [text]
      served.description = text
      served.foreignKeys = [LiveForeignKey(name: text, columns: ["note"], table: text, schema: text, targets: [text], onDelete: text)]
      served.indexes = [
        LiveIndex(name: text, parts: [(column: text, isDescending: false)], isUnique: false, isPartial: true, isConstraint: false)
      ]
      let (contract, _) = try contract([table, served])
      #expect(contract.resources.count == 2)
      let resource = try #require(contract.resource("served"))
      for access in [resource.access.read, resource.access.create, resource.access.update, resource.access.delete] {
        guard case .nobody = access else {
          Issue.record("somebody was let in by \(text)")
          return
        }
      }
      let described = try #require(resource.description)
      #expect(described.utf8.elementsEqual(text.utf8) || described.unicodeScalars.count == 2_000)
    }
  }

  @Test func `what contradicts itself in the database is said, and passes the check`() throws {
    let columns = [
      Self.column("id", Self.native("int4"), isNullable: false).column,
      Self.column("below", Self.native("int4"), defaultText: "0", checks: ["(below > 0)"]).column,
      Self.column("none", Self.native("int4"), checks: ["((none > 5) AND (none < 3))"]).column,
      Self.column("kind", Self.native("text"), defaultText: "''::text", checks: ["(kind = ANY (ARRAY['a', 'b']))"]).column,
      Self.column("long", Self.native("text"), checks: ["(long = ANY (ARRAY['\(String(repeating: "x", count: 101))', 'b']))"]).column,
      Self.column("both", Self.native("text"), checks: ["(both = 'a')", "(both = 'b')"]).column,
      Self.column("fine", Self.native("numeric", "numeric(6,2)"), defaultText: "0.125").column,
    ]
    let (contract, text) = try contract([Self.table("t", columns, key: ["id"])])
    #expect(contract.resource("t")?.fields.map(\.name) == ["below", "none", "kind", "long", "both", "fine"])
    #expect(text.contains("# its bounds contradict each other") && text.contains("which is not used here: 0\n"))
    #expect(
      contract.resource("t")?.field("long")?.type.name == "text"
        && contract.resource("t")?.fields.allSatisfy { $0.defaultValue == nil } == true)
  }

  @Test func `more indexes than a contract has are said`() throws {
    let columns = (0..<90).map { Self.column("c\($0)", Self.native("int4")).column }
    var table = Self.table("t", columns + [Self.column("id", Self.native("int4"), isNullable: false).column], key: ["id"])
    func index(_ columns: [String], isUnique: Bool = false, isPartial: Bool = false) -> LiveIndex {
      LiveIndex(
        name: columns.joined(), parts: columns.map { ($0, false) }, isUnique: isUnique, isPartial: isPartial, isConstraint: false,
        nullIsHighest: columns.map { _ in true })
    }
    for place in 0..<80 {
      let pair = ["c\(place)", "c\(place + 1)"]
      table.indexes += [index(pair), index(pair, isUnique: true), index(["c\(place)"], isPartial: true)]
    }
    table.indexes.append(index((0..<17).map { "c\($0)" }))
    let (contract, text) = try contract([table])
    let resource = try #require(contract.resource("t"))
    #expect(resource.indexes.count == 128 && resource.filterable.count == 64)
    for what in ["indexes", "unique", "filterable"] { #expect(text.contains("16 more of \(what) are left out")) }
    #expect(text.contains("c16 has no form in a contract"))
  }

  @Test func `more tables than a contract has are said`() throws {
    let id = Self.column("id", Self.native("int4"), isNullable: false).column
    let (contract, text) = try contract((0..<600).map { Self.table("t\($0)", [id], key: ["id"]) })
    #expect(contract.resources.count == 500 && text.contains("# t599 is left out:"))
  }
}
