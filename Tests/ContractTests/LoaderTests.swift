import Base
import Contract
import JSONSchema
import Testing

/// Contracts without a mistake, and what becomes of them.
@Suite struct LoaderTests {
  /// Loads a text that must have no error.
  static func contract(
    _ text: String, environment: [String: String] = [:], files: [String: String] = [:], location: SourceLocation = #_sourceLocation
  ) throws -> Contract {
    let result = ContractLoader.load(text: "martlet: 1\n" + text, environment: environment, files: files)
    #expect(result.errors.map { $0.rendered() } == [], sourceLocation: location)
    return try #require(result.contract, sourceLocation: location)
  }

  /// The one field `a` of a resource.
  static func field(_ text: String, location: SourceLocation = #_sourceLocation) throws -> Field {
    let contract = try contract(
      "roles: [admin]\nresources: {things: {access: {read: anyone}, fields: {a: \(text)}}}", location: location)
    return try #require(contract.resource("things")?.field("a"), sourceLocation: location)
  }

  @Test func `the smallest contract has the users and the standard settings`() throws {
    let contract = try Self.contract("")
    #expect(contract.resources.map(\.name) == ["users"])
    #expect(contract.store.url == "sqlite:data/martlet.db")
    #expect(contract.service.version == "v1")
    #expect(contract.notices.isEmpty)
  }

  @Test(
    arguments: [
      ("string", .string(StringOptions(length: 0...255))),
      ("{type: string, length: 3..5, pattern: \"[a-z]+\"}", .string(StringOptions(length: 3...5, pattern: "[a-z]+"))),
      ("{type: string, length: 32}", .string(StringOptions(length: 32...32))),
      ("text", .text(StringOptions(length: 0...65_536))),
      ("email", .email), ("url", .url), ("boolean", .boolean), ("timestamp", .timestamp), ("date", .date), ("uuid", .uuid),
      ("{type: integer, minimum: -5, maximum: 0x10}", .integer(minimum: -5, maximum: 16)),
      (
        "{type: decimal, precision: \"12,2\", minimum: 0.50}",
        .decimal(precision: 12, scale: 2, minimum: Decimal(units: 50, scale: 2), maximum: nil)
      ),
      ("decimal", .decimal(precision: 18, scale: 6, minimum: nil, maximum: nil)),
      ("{type: number, minimum: 0, maximum: 1.5}", .number(minimum: 0, maximum: 1.5)),
      ("{type: enum, values: [on, off, \"1\"]}", .enumeration(["on", "off", "1"])),
      ("{type: money, currencies: [EUR, USD], minimum: 0}", .money(MoneyOptions(currencies: ["EUR", "USD"], minimum: 0))),
      ("{type: json, size: 4KiB}", .json(JSONOptions(sizeMax: 4096))),
      (
        "{type: json, schema: {type: object, required: [a]}}",
        .json(JSONOptions(schema: try? JSONSchema(Array(#"{"type":"object","required":["a"]}"#.utf8))))
      ),
      ("{ref: users, on_delete: set_null}", .ref(Reference(resource: "users", onDelete: .setNull))),
      ("list of integer", .list(.integer(minimum: nil, maximum: nil), length: 0...1000)),
      (
        "{type: list of string, length: 1..9, pattern: \"[a-z]+\"}",
        .list(.string(StringOptions(length: 0...255, pattern: "[a-z]+")), length: 1...9)
      ),
      ("{type: list of enum, values: [x, y]}", .list(.enumeration(["x", "y"]), length: 0...1000)),
    ] as [(String, FieldType)])
  func `every type with its options`(text: String, type: FieldType) throws {
    #expect(try Self.field(text).type == type)
  }

  @Test(
    arguments: [
      ("{type: string, default: now}", .string("now")), ("{type: string, default: \"5\"}", .string("5")),
      ("{type: integer, default: -1}", .integer(-1)), ("{type: boolean, default: false}", .boolean(false)),
      ("{type: number, default: 2}", .number(2)),
      ("{type: decimal, precision: \"6,2\", default: 1.5}", .decimal(Decimal(units: 150, scale: 2))),
      ("{type: decimal, precision: \"6,2\", default: \"1.50\"}", .decimal(Decimal(units: 150, scale: 2))),
      ("{type: date, default: 2026-01-31}", .date(CalendarDate(days: 20_484))),
      ("{type: timestamp, default: \"1970-01-01T00:00:01Z\"}", .timestamp(Timestamp(microseconds: 1_000_000))),
      ("{type: enum, values: [x, now], default: now}", .string("now")),
      ("{type: json, default: {a: [1, null, true, 1.5]}}", .json(Array(#"{"a":[1,null,true,1.5]}"#.utf8))),
      ("{type: list of integer, default: [1, 2]}", .list([.integer(1), .integer(2)])),
      ("{type: email, default: Ada@Example.org}", .string("ada@example.org")),
      ("{type: url, default: \"HTTPS://A/B\"}", .string("https://a/B")),
      ("{type: number, default: -0.0}", .number(0)),
    ] as [(String, Value)])
  func `defaults are values of the field's type`(text: String, value: Value) throws {
    guard case .value(let read)? = try Self.field(text).defaultValue else {
      Issue.record("no value")
      return
    }
    #expect(read == value)
  }

  @Test func `a default of money has both parts`() throws {
    guard case .value(.money(let money))? = try Self.field("{type: money, default: {amount: 100, currency: EUR}}").defaultValue else {
      Issue.record("no money")
      return
    }
    #expect(money.amount == 100 && money.currency.description == "EUR")
  }

  @Test(arguments: [
    "{type: timestamp, default: now}", "{type: timestamp, default: \"now + duration('24h')\"}", "{type: date, default: date(now)}",
    "{ref: users, default: caller.id}", "{type: string, default: caller.subject}", "{type: uuid, default: caller.id}",
  ])
  func `defaults may be expressions over the caller and the time`(text: String) throws {
    guard case .expression? = try Self.field(text).defaultValue else {
      Issue.record("no expression")
      return
    }
  }

  @Test func `options of a field`() throws {
    let field = try Self.field(
      "{type: string, required: true, unique: true, immutable: true, personal: true, deprecated: true, read: [admin], write: nobody, "
        + "description: x, was: b}")
    #expect(field.isRequired && field.isUnique && field.isImmutable && field.isDeprecated)
    #expect(field.description == "x" && field.was == "b" && field.column == "a")
    guard case .roles(["admin"])? = field.read, case .nobody? = field.write else {
      Issue.record("the rules are others")
      return
    }
  }

  @Test func `options of a resource`() throws {
    let contract = try Self.contract(
      """
      resources:
        things:
          description: d
          fields: {a: string, b: {type: integer, index: true}, user: {ref: users, default: caller.id}}
          access: {create: authenticated, read: record.user == caller.id, update: "true", delete: nobody}
          indexes: [[-created_at, a]]
          unique: [[a, b]]
          filterable: [a, revision]
          scan: 500
          cache: 1m30s
          id: client
          concurrency: required
          idempotency: required
          constraints: {short: "size(input.a) < 5 && input.a.matches('^[a-z]+$')"}
      """)
    let things = try #require(contract.resource("things"))
    #expect(things.clientChoosesID && things.concurrencyRequired && things.idempotencyRequired)
    #expect(things.scanMax == 500 && things.cacheLifetime == .seconds(90) && things.filterable == ["a", "revision"])
    #expect(
      things.indexes == [
        Index(parts: [.init(field: "a"), .init(field: "b")], isUnique: true),
        Index(parts: [.init(field: "created_at", descending: true), .init(field: "a")]),
      ])
    #expect(things.storage.hasOwnKey && things.storage.isManaged)
    #expect(things.field("user")?.isIndexed == true)
    #expect(things.constraints.map(\.name) == ["short"])
  }

  @Test func `patterns are for what the store is not asked`() throws {
    let contract = try Self.contract(
      """
      resources:
        things:
          fields: {a: string, user: {ref: users}}
          access: {read: "caller.subject.matches('^svc-') || record.user == caller.id", create: anyone}
          constraints: {code: "input.a.matches('^[A-Z]+$')", owned: input.user.subject != input.a}
      """)
    #expect(contract.resource("things")?.constraints.count == 2)
    let refused = ContractLoader.load(
      text: "martlet: 1\nresources: {things: {fields: {a: string}, access: {read: \"record.a.matches('x')\"}}}")
    #expect(refused.errors.map(\.code) == ["MRT0501"])
  }

  @Test func `users may have further fields and rules`() throws {
    let contract = try Self.contract(
      "resources: {users: {fields: {nickname: string, note: text}, access: {read: record.id == caller.id, update: record.id == caller.id}}}"
    )
    let users = try #require(contract.resources.first)
    #expect(users.fields.map(\.name) == ["issuer", "subject", "nickname", "note"])
    guard case .rule = users.access.read, case .nobody = users.access.create else {
      Issue.record("the rules are others")
      return
    }
  }

  @Test func `what cannot be kept as it should be is left out`() throws {
    let contract = try Self.contract(
      "resources: {things: {access: {read: anyone}, fields: {a: secret, b: file, c: {type: string, encrypted: true}, d: string}}}")
    #expect(contract.resource("things")?.fields.map(\.name) == ["d"])
    #expect(contract.notices.map(\.code) == ["MRT0902", "MRT0902", "MRT0902"])
  }

  @Test func `a resource that belongs to tenants is closed until they are served`() throws {
    let contract = try Self.contract(
      """
      resources:
        things:
          fields: {org: uuid, s: {type: enum, values: [x, y], default: x}}
          tenancy: {by: org}
          access: {read: anyone, create: authenticated}
          states: {field: s, transitions: {go: {from: x, to: y, access: authenticated}}}
      """)
    let things = try #require(contract.resource("things"))
    #expect(things.access.read.isNobody && things.access.create.isNobody)
    #expect(things.states?.transitions.first?.access.isNobody == true)
  }
}

@Suite struct UpdateRuleTests {
  static let fields = "owner: {ref: users}\nrank: {type: integer, required: true}\nfixed: {type: string, immutable: true}"

  @Test(arguments: [
    ("input.rank >= record.rank", []), ("record.rank == 1", []), ("input.rank > 1", []),
    ("input.rank >= record.rank && record.owner == caller.id && input.owner == record.owner", []),
    ("input.rank >= record.rank && record.fixed == 'a'", []), ("input.rank > 1 && caller.has_role('admin')", []),
    ("input.rank >= record.rank && @@record.owner == caller.id", ["MRT0505"]), ("@@input.owner == caller.id", ["MRT0505"]),
    ("@@record.rank == 1 && @@input.owner == caller.id", ["MRT0505", "MRT0505"]), ("input.@@rnak > 1", ["MRT0501"]),
  ])
  func anUpdateRuleMayNameBothRowsAndIsWarnedOfWhatItLeavesOpen(rule: String, codes: [String]) {
    let finding = Finding.fields(codes.joined(separator: " "), Self.fields, access: "{read: anyone, update: \"\(rule)\"}")
    let found = finding.result.diagnostics.filter { $0.severity != .notice }
    #expect(found.map { "\($0.code) \($0.line):\($0.column)" } == finding.expected)
  }

  @Test(arguments: ["read", "delete"]) func aRuleOfOneRowDoesNotKnowAnInput(action: String) {
    let finding = Finding.fields("MRT0501", "a: integer", access: "{\(action): @@input.a > 1}")
    #expect(finding.found.map { "\($0.code) \($0.line):\($0.column)" } == finding.expected)
  }
}
