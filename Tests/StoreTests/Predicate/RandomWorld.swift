import Base
import Contract
import Expression
import Store
import TestSupport

/// Four resources with every type of field, related in all ways, and random rows of them.
struct RandomWorld {
  static let someIDs = [
    "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002", "ffffffff-ffff-7fff-bfff-ffffffffffff",
  ]

  static let refs: [String: [(name: String, target: String)]] = [
    "things": [("customer", "customers"), ("maker", "people")],
    "customers": [("owner", "people")],
    "parts": [("thing", "things"), ("supplier", "customers")],
  ]

  static let members: [String: [(name: String, sort: Sort)]] = [
    "people": [("name", .string), ("id", .uuid), ("age", .integer), ("mail", .mail)],
    "customers": [
      ("id", .uuid), ("owner", .uuid), ("name", .string), ("code", .string), ("grade", .grade), ("score", .integer),
      ("flag", .boolean), ("since", .date),
    ],
    "things": [
      ("id", .uuid), ("customer", .uuid), ("maker", .uuid), ("key", .uuid), ("count", .integer), ("stock", .integer),
      ("cost.amount", .integer), ("fee.amount", .integer), ("cost.currency", .string), ("name", .string), ("title", .string),
      ("grade", .grade), ("weight", .number), ("height", .number), ("price", .decimal), ("ratio", .decimal), ("open", .boolean),
      ("sold", .boolean), ("seen", .timestamp), ("due", .timestamp), ("day", .date), ("born", .date), ("customer.id", .uuid),
      ("mail", .mail), ("name", .mail),
    ],
    "parts": [
      ("id", .uuid), ("thing", .uuid), ("supplier", .uuid), ("quantity", .integer), ("label", .string), ("fine", .boolean),
    ],
  ]

  let contract: Contract
  private(set) var records: [String: [MemoryRecord]] = [:]
  private var random: SplitMix64

  init(seed: UInt64, rows: Int) {
    random = SplitMix64(seed: seed)
    contract = RandomWorld.makeContract()
    make("people", 4)
    make("customers", 6)
    make("things", rows)
    make("parts", rows * 2)
    relate()
  }

  private static func makeContract() -> Contract {
    var contract = Contract()
    let grades = FieldType.enumeration(["low", "mid", "high"])
    let text = FieldType.string(StringOptions(length: 0...200))
    let integer = FieldType.integer(minimum: nil, maximum: nil)
    func ref(_ target: String) -> FieldType { .ref(Reference(resource: target)) }
    func resource(_ name: String, _ fields: [(String, FieldType)], required: [String], collections: [Collection] = []) {
      var resource = Resource(name: name)
      for (name, type) in fields {
        var field = Field(name: name, type: type)
        field.isRequired = required.contains(name)
        if case .ref = type { field.isIndexed = true }
        if name == "code" { field.isUnique = true }
        resource.fields.append(field)
      }
      resource.collections = collections
      contract.resources.append(resource)
    }
    resource("people", [("name", text), ("age", integer), ("mail", .email)], required: ["name", "mail"])
    resource(
      "customers",
      [
        ("owner", ref("people")), ("name", text), ("code", text), ("grade", grades), ("score", integer), ("flag", .boolean),
        ("since", .date),
      ], required: ["grade"], collections: [Collection(name: "things", resource: "things", by: "customer")])
    resource(
      "things",
      [
        ("customer", ref("customers")), ("maker", ref("people")), ("key", .uuid), ("count", integer), ("stock", integer),
        ("cost", .money(MoneyOptions())), ("fee", .money(MoneyOptions())), ("name", text), ("title", text), ("grade", grades),
        ("weight", .number(minimum: nil, maximum: nil)), ("height", .number(minimum: nil, maximum: nil)),
        ("price", .decimal(precision: 12, scale: 2, minimum: nil, maximum: nil)),
        ("ratio", .decimal(precision: 5, scale: 3, minimum: nil, maximum: nil)), ("open", .boolean), ("sold", .boolean),
        ("seen", .timestamp), ("due", .timestamp), ("day", .date), ("born", .date), ("tags", .list(text, length: 0...9)),
        ("sizes", .list(integer, length: 0...9)), ("mail", .email), ("mails", .list(.email, length: 0...9)),
      ], required: ["stock", "title", "sold", "fee", "height", "ratio", "due", "born", "maker"],
      collections: [Collection(name: "parts", resource: "parts", by: "thing")])
    resource(
      "parts",
      [("thing", ref("things")), ("supplier", ref("customers")), ("quantity", integer), ("label", text), ("fine", .boolean)],
      required: ["thing"])
    return contract
  }

  private mutating func make(_ name: String, _ count: Int) {
    guard let resource = contract.resource(name) else { return }
    for place in 0..<count {
      let id =
        place < RandomWorld.someIDs.count
        ? UUID(RandomWorld.someIDs[place]) ?? UUID(high: 0, low: 0) : UUID(high: 0x7000, low: 0x8000_0000_0000_0000 | random.next() >> 2)
      let record = MemoryRecord(id: .uuid(id))
      for field in resource.fields {
        let isNull = !field.isRequired && random.chance(30)
        record.values[field.name] = isNull ? .null : value(of: field, place)
      }
      record.values["id"] = .uuid(id)
      let time = Value.timestamp(Timestamp(microseconds: Int64(random.below(1_000_000_000)) * 1_000_003))
      record.values["created_at"] = time
      record.values["updated_at"] = time
      record.values["revision"] = .integer(1)
      records[name, default: []].append(record)
    }
  }

  private mutating func value(of field: Field, _ place: Int) -> Value {
    if field.name == "code" { return .string("code\(place)") }
    switch field.type {
    case .ref(let reference):
      let targets = records[reference.resource] ?? []
      return targets.isEmpty ? .null : random.pick(targets).id
    case .string: return .string(string())
    case .email: return .string(mail())
    case .integer: return .integer(integer())
    case .number:
      return .number(
        random.pick([0, -0.0, 1.5, -2.25, 3, 1e308, -1e308, Double.leastNonzeroMagnitude, 0.1, Double.greatestFiniteMagnitude]))
    case .decimal(let digits, let scale, _, _):
      let units: [Int64] = [0, 150, -225, 999, 1000, -1, 1, 99_999, digits > 5 ? 999_999_999_999 : -99_999]
      return .decimal(Decimal(units: random.pick(units), scale: scale))
    case .boolean: return .boolean(random.chance(50))
    case .timestamp:
      return .timestamp(
        random.pick([
          .minimum, .maximum, Timestamp(microseconds: 0), Timestamp(microseconds: -1), Timestamp(microseconds: 1_769_853_600_000_001),
          Timestamp(microseconds: -86_400_000_001), Timestamp(microseconds: Int64(random.below(2_000_000_000)) * 999_983),
        ]))
    case .date:
      return .date(
        random.pick([0, -1, 20_484, 1, Timestamp.minimum.date.days, Timestamp.maximum.date.days].map { CalendarDate(days: $0) }))
    case .uuid: return .uuid(UUID(random.pick(RandomWorld.someIDs)) ?? UUID(high: 0, low: 0))
    case .enumeration(let values): return .string(random.pick(values))
    case .money:
      let currency = Currency(random.pick(["EUR", "USD"]))
      return currency.map { .money(Money(amount: integer(), currency: $0)) } ?? .null
    case .list(let element, _):
      let count = random.below(4)
      var items: [Value] = []
      for _ in 0..<count {
        switch element {
        case .integer: items.append(.integer(integer()))
        case .email: items.append(.string(mail()))
        default: items.append(.string(string()))
        }
      }
      return .list(items)
    default: return .null
    }
  }

  private mutating func integer() -> Int64 {
    random.pick([0, 1, -1, 2, 3, 5, 7, 10, -3, 100, .max, .min, .max - 1, .min + 1, 1 << 62, 3_037_000_500])
  }

  private mutating func mail() -> String { random.pick(["ada@x.org", "bob@x.org", "eve@y.org"]) }

  private mutating func string() -> String {
    random.pick([
      "", "a", "b", "ab", "abc", "ba", "A", "é", "e\u{301}", "😀", "\u{ffff}", "\u{10000}", "%", "_", "a%b", "'", "\"", "\\", "a\nb",
      "admin", "GET", " a", "a ", "Ada@X.org", "bob@x.org",
    ])
  }

  /// Refs become records, collections their rows.
  private func relate() {
    var byID: [String: [String: MemoryRecord]] = [:]
    for (name, rows) in records {
      for row in rows { byID[name, default: [:]]["\(row.id)"] = row }
    }
    for resource in contract.resources {
      for row in records[resource.name] ?? [] {
        for field in resource.fields {
          if case .ref(let reference) = field.type, let id = row.values[field.name], let target = byID[reference.resource]?["\(id)"] {
            row.related[field.name] = .record(target)
          }
        }
        for collection in resource.collections {
          let children = (records[collection.resource] ?? []).filter { $0.values[collection.by] == row.id }
          row.related[collection.name] = .list(children.map { .record($0) })
        }
      }
    }
  }
}

/// A row in memory. Changed only while the world is made.
final class MemoryRecord: ExpressionRecord, @unchecked Sendable {
  let id: Value
  var values: [String: Value] = [:]
  var related: [String: ExpressionValue] = [:]

  init(id: Value) { self.id = id }

  func member(_ name: String) -> ExpressionValue? { related[name] ?? values[name].map(ExpressionValue.scalar) }
}

extension RandomWorld {
  /// Makes the tables and puts the rows in.
  func fill(_ store: any Store) async throws {
    _ = try await SchemaManager().prepare(store, contract)
    let layout = Layout(contract)
    for resource in contract.resources {
      guard let table = layout[resource.name] else { continue }
      let columns = table.fields.flatMap(\.columns)
      let insert = WriteStatements(dialect: store.dialect, table: table).insert(columns, returningKey: false)
      var batch = WriteBatch()
      for row in records[resource.name] ?? [] {
        let values = table.fields.flatMap { field in RandomWorld.columns(of: row.values[field.name] ?? .null, field) }
        batch.steps.append(.run(insert.statement, insert.values(values), rows: 1))
      }
      let outcome = try await store.write(batch)
      guard case .committed = outcome else { throw WorldError(text: "\(resource.name): \(outcome)") }
    }
  }

  private static func columns(of value: Value, _ field: FieldLayout) -> [Value] {
    switch value {
    case .money(let money): [.integer(money.amount), .string(money.currency.description)]
    case .null: Array(repeating: .null, count: field.columns.count)
    case .list(let items):
      [.json(Array(("[" + items.map(json).joined(separator: ",") + "]").utf8))]
    default: [value]
    }
  }

  private static func json(_ value: Value) -> String {
    switch value {
    case .integer(let number): String(number)
    case .string(let text):
      "\""
        + text.unicodeScalars.map {
          $0 == "\"" || $0 == "\\"
            ? "\\\($0)" : $0.value < 0x20 ? "\\u00" + ($0.value < 16 ? "0" : "") + String($0.value, radix: 16) : String($0)
        }.joined() + "\""
    default: "null"
    }
  }
}

struct WorldError: Error {
  var text: String
}
