import Base
import Bench
import Contract
import SQLiteStore
import Store
import TestSupport
import Testing

@Suite struct AdoptionTests {
  static let chinook = Files.shared + "/data/Chinook_Sqlite.sqlite"

  private func contract(_ text: String) throws -> Contract {
    let result = ContractLoader.load(text: text)
    #expect(result.diagnostics.isEmpty, "\(result.diagnostics.map { "\($0.line): \($0.message)" })\n\(text)")
    return try #require(result.contract)
  }

  private func adopted(_ statements: [String]) async throws -> (text: String, contract: Contract) {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/a b%c.db"
    let store = try SQLiteStore(path: path)
    try await store.define(statements)
    await store.close()
    let text = try await Adoption.contract(of: SQLiteStore.url(of: path), service: "test")
    let contract = try contract(text)
    #expect(SQLiteStore.path(of: contract.store.url) == path)
    return (text, contract)
  }

  @Test func `chinook's eleven tables load, with keys, refs and encodings`() async throws {
    let text = try await Adoption.contract(of: "sqlite:" + Self.chinook)
    let contract = try contract(text)
    let tables = contract.resources.filter { !$0.isUsers }
    #expect(tables.count == 11)
    #expect(tables.allSatisfy { !$0.storage.isManaged && !$0.storage.hasRevision })
    let track = try #require(contract.resource("track"))
    #expect(track.storage.key.map(\.column) == ["TrackId"] && track.storage.key[0].isGenerated)
    #expect(track.field("unit_price")?.type == .decimal(precision: 10, scale: 2, minimum: nil, maximum: nil))
    #expect(track.field("unit_price")?.encoding == .real)
    #expect(track.field("name")?.type == .string(StringOptions(length: 0...200)) && track.field("name")?.isRequired == true)
    let employee = try #require(contract.resource("employee"))
    #expect(employee.field("birth_date")?.encoding == .text)
    guard case .ref(let reference)? = employee.field("reports_to")?.type else {
      Issue.record("no self-reference")
      return
    }
    #expect(reference.resource == "employee")
    let join = try #require(contract.resource("playlist_track"))
    #expect(join.storage.key.map(\.column) == ["PlaylistId", "TrackId"])
    for resource in tables {
      guard case .nobody = resource.access.read else {
        Issue.record("\(resource.name) can be read")
        continue
      }
    }
  }

  @Test func `what a contract can say of a table, it says`() async throws {
    let (text, contract) = try await adopted([
      """
      CREATE TABLE "Order Line" (id INTEGER PRIMARY KEY, "Kind" TEXT CHECK ("Kind" IN ('a', 'b''c')) NOT NULL DEFAULT 'a',
        stock INT CHECK (stock >= 0) DEFAULT 5, done BOOLEAN, live BOOL, seen INTEGER, at DATETIME DEFAULT CURRENT_TIMESTAMP,
        day DATE, code CHAR(36), made TIMESTAMP, "limit" INT, doc JSON, note TEXT UNIQUE, odd INT CHECK (odd % 2 = 1),
        twice INT GENERATED ALWAYS AS (stock * 2), raw BLOB, UNIQUE (stock, done))
      """,
      "CREATE INDEX by_seen ON \"Order Line\" (seen, stock DESC)", "CREATE INDEX some ON \"Order Line\" (day) WHERE day > '2000'",
      """
      INSERT INTO "Order Line" (stock, done, live, seen, at, day, code, made, doc, odd) VALUES
        (3, 1, 'Y', 1700000000, '2024-01-02 03:04:05', '2024-01-02', '0190b1c2-0000-7000-8000-000000000001', 1700000000123, '{"a":1}', 1)
      """,
    ])
    let resource = try #require(contract.resource("order_line"))
    #expect(resource.storage.table == "Order Line")
    #expect(resource.field("kind")?.type == .enumeration(["a", "b'c"]))
    #expect(resource.field("stock")?.type == .integer(minimum: 0, maximum: nil))
    #expect(resource.field("done")?.type == .boolean)
    #expect(resource.field("live")?.encoding == .texts(yes: "Y", no: "N"))
    #expect(resource.field("seen")?.type == .integer(minimum: nil, maximum: nil))
    #expect(resource.field("at")?.type == .timestamp && resource.field("at")?.encoding == .text)
    #expect(resource.field("day")?.type == .date)
    #expect(resource.field("code")?.encoding == .uuidText)
    #expect(resource.field("made")?.encoding == .unixMilliseconds)
    #expect(resource.field("limit_value")?.column == "limit")
    #expect(resource.field("note")?.isUnique == true)
    #expect(resource.field("twice")?.isGenerated == true)
    #expect(resource.field("raw") == nil)
    #expect(resource.indexes.contains { $0.isUnique && $0.parts.map(\.field) == ["stock", "done"] })
    #expect(resource.indexes.contains { !$0.isUnique && $0.parts.map(\.descending) == [false, true] })
    #expect(text.contains("# the database also checks: odd % 2 = 1"))
    #expect(text.contains("# column raw (BLOB) is left out"))
    #expect(text.contains("# index some covers only some rows"))
  }

  @Test func `views are read only, and what has no key is left out with its reason`() async throws {
    let (text, contract) = try await adopted([
      "CREATE TABLE people (name VARCHAR(20) PRIMARY KEY, age INT) WITHOUT ROWID", "INSERT INTO people VALUES ('x', 1), ('y', 1)",
      "CREATE VIEW grown AS SELECT age, name FROM people", "CREATE TABLE loose (a, b)", "CREATE TABLE wide (k INT NOT NULL UNIQUE, v)",
      "CREATE TABLE parts (a INT, b INT, c INT REFERENCES parts (a), PRIMARY KEY (a, b))",
      "CREATE TABLE Users (id INTEGER PRIMARY KEY)", "CREATE TABLE \"queries\" (id INTEGER PRIMARY KEY, u INT REFERENCES Users (id))",
      "CREATE VIRTUAL TABLE words USING fts5(body)", "CREATE VIEW broken AS SELECT * FROM loose",
    ])
    #expect(contract.resource("grown")?.storage.isReadOnly == true)
    #expect(contract.resource("grown")?.storage.key.map(\.column) == ["name"])
    #expect(contract.resource("people")?.storage.key.first?.type == .string(StringOptions(length: 1...20)))
    #expect(contract.resource("loose") == nil && text.contains("# loose is left out:"))
    #expect(contract.resource("users")?.storage.table == "martlet_users" && contract.resource("users")?.storage.isManaged == true)
    #expect(contract.resource("table_users")?.storage.table == "Users")
    guard case .ref(let reference)? = contract.resource("table_queries")?.field("u")?.type else {
      Issue.record("no ref to the table of users that was there")
      return
    }
    #expect(reference.resource == "table_users")
    #expect(contract.resource("wide")?.storage.key.map(\.column) == ["k"])
    #expect(contract.resource("parts")?.storage.key.count == 2)
    #expect(contract.resource("words") == nil && !text.contains("words_content"))
  }

  @Test func `odd rows, keys and references are said, and what can be kept is`() async throws {
    let (text, contract) = try await adopted([
      "CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (a, b))", "INSERT INTO pairs VALUES ('x', 'y'), (NULL, 'z')",
      "CREATE TABLE toref (id INTEGER PRIMARY KEY, a TEXT, b TEXT, r REAL, FOREIGN KEY (a, b) REFERENCES pairs (a, b))",
      "CREATE UNIQUE INDEX part ON toref (a) WHERE b IS NOT NULL", "INSERT INTO toref VALUES (1, 'x', 'y', x'00'), (2, NULL, NULL, 1.5)",
      "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES toref (id))", "PRAGMA foreign_keys = OFF",
      "CREATE TABLE mixed (k PRIMARY KEY, v INT)", "INSERT INTO mixed VALUES (1, 1), ('1', 2)",
      "CREATE TABLE wide (id INTEGER PRIMARY KEY, \((0..<600).map { "c\($0) INT" }.joined(separator: ", ")), \"\" TEXT)",
    ])
    #expect(text.contains("rows with NULL in their key are no records and are not shown: 1"))
    #expect(contract.resource("toref")?.filterable == ["a", "b"] && text.contains("(a, b) refer to pairs together"))
    #expect(text.contains("index part keeps some rows unique"))
    #expect(contract.resource("toref")?.field("r")?.type == .number(minimum: nil, maximum: nil))
    #expect(text.contains("rows that hold bytes are shown as they are, in base64: 1"))
    #expect(contract.resource("mixed") == nil && text.contains("its key k holds texts and numbers"))
    #expect(contract.resource("wide")?.fields.count == 500 && text.contains("100 more columns are left out"))
    #expect(text.contains("column \"\" is left out"))
  }

  @Test func `hostile names load all the same`() async throws {
    let (_, contract) = try await adopted([
      "CREATE TABLE \"a: b #\"\"'${X}\" (\"1st\" INTEGER PRIMARY KEY, \"two words\" TEXT, \"two_words\" TEXT, \"Ünï\" TEXT, \"yes\" INT)",
      "CREATE TABLE \"A_B_X\" (id INTEGER PRIMARY KEY, \"-\" TEXT)",
    ])
    #expect(contract.resources.filter { !$0.isUsers }.count == 2)
  }

  @Test func `what a contract does not take is said`() async throws {
    let (text, contract) = try await adopted([
      "CREATE TABLE \"line\nbreak: {x}\" (id INTEGER PRIMARY KEY)",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, low INT DEFAULT 0 CHECK (low BETWEEN 1 AND 5), kind TEXT DEFAULT '' CHECK (kind IN ('a', 'b')))",
      "CREATE TABLE own (id INTEGER PRIMARY KEY REFERENCES t (id), note TEXT)",
      "CREATE INDEX wide ON t (\((0..<17).map { _ in "low" }.joined(separator: ", ")))",
    ])
    #expect(text.contains("# line break: {x} is left out:\n# a contract has no form for its name"))
    #expect(contract.resource("t")?.field("low")?.defaultValue == nil && contract.resource("t")?.field("kind")?.defaultValue == nil)
    #expect(text.contains("index wide has no form in a contract"))
    let own = try #require(contract.resource("own"))
    #expect(own.field("t")?.column == "id" && own.field("t")?.isImmutable == true && own.needsKey == false)
  }

  @Test func `hostile texts load all the same`() async throws {
    let values = ["a\u{85}b", "\u{2028}", "\u{feff}x", "$\u{7b}\u{301}HOME}", "'\u{301}", "\u{9b}1m", "$${X}", "\u{ffff}"]
    let listed = values.map { "'" + $0.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined() + "'" }
    let (_, contract) = try await adopted([
      "CREATE TABLE odd (id INTEGER PRIMARY KEY, kind TEXT CHECK (kind IN (\(listed.joined(separator: ", ")))), "
        + "note VARCHAR(40) DEFAULT 'it''\u{301}s \u{2029}', n INTEGER CHECK (n % 2 <> 1 OR n IN ('\u{1b}[2J')))"
    ])
    let odd = try #require(contract.resource("odd"))
    guard case .enumeration(let found) = odd.field("kind")?.type, case .value(.string(let note)) = odd.field("note")?.defaultValue else {
      Issue.record("\(odd.fields)")
      return
    }
    #expect(found.map { Array($0.utf8) } == values.map { Array($0.utf8) })
    #expect(Array(note.utf8) == Array("it'\u{301}s \u{2029}".utf8))
  }

  @Test func `a file that is no database is an error`() async throws {
    await #expect(throws: StoreError.self) { _ = try await Adoption.contract(of: "sqlite:/nowhere/at/all.db") }
    await #expect(throws: StoreError.self) { _ = try await Adoption.contract(of: "sqlite:" + #filePath) }
  }
}
