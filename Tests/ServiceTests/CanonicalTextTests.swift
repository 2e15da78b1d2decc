import Base
import JSON
import Service
import Store
import Testing

/// A value is found in whatever spelling it is asked for.
@Suite struct CanonicalTextTests {
  static let contract = """
    martlet: 1
    service: {name: people, version: v1}
    identity: {claims: {mail: string, mails: list of string, own: email}}
    resources:
      people:
        fields:
          email: {type: email, unique: true, required: true}
          name:  {type: string, index: true}
          home:  {type: url, index: true}
          token: {type: uuid, index: true}
          due:   {type: timestamp, index: true}
          rate:  {type: decimal, precision: "8,2", index: true}
          others: list of email
          gate:  {type: string, read: 'record.email == "EVE@x.org"'}
        filterable: [others]
        constraints:
          not_root: input.email != "Root@X.org"
        access: {create: anyone, read: anyone}
    """

  static let ada = """
    {"email": "Ada@X.org", "name": "Ada@X.org", "home": "HTTPS://X.org/Ada", "token": "01890A5D-AC96-774B-BCCE-B302099A8057",
     "due": "2026-03-01T12:00:00+02:00", "rate": "1.5", "others": ["Ada@Y.org"]}
    """

  @Test(arguments: BenchStore.available) func parametersFindIt(_ kind: BenchStore) async throws {
    try await kind.run(CanonicalTextTests.contract) { bench in
      _ = try await bench.create("people", CanonicalTextTests.ada)
      for (field, text, count) in [
        ("email", "Ada@X.org", 1), ("email", "ADA@x.ORG", 1), ("email", "ada@x.org", 1), ("email", "bob@x.org", 0), ("email", "nobody", 0),
        ("name", "Ada@X.org", 1), ("name", "ada@x.org", 0), ("home", "https://x.ORG/Ada", 1), ("home", "https://x.org/ada", 0),
        ("token", "01890a5d-ac96-774b-bcce-b302099a8057", 1), ("token", "01890A5D-AC96-774B-BCCE-B302099A8057", 1),
        ("due", "2026-03-01T10:00:00Z", 1), ("due", "2026-03-01T07:00:00.000-03:00", 1), ("rate", "1.50", 1), ("rate", "1.5", 1),
        ("rate", "01.5", 1),
      ] {
        let rows = try await bench.list("people") { $0.equals = [(field, text)] }.rows
        #expect(rows.count == count, "\(field)=\(text)")
      }
    }
  }

  @Test(arguments: BenchStore.available) func filtersFindIt(_ kind: BenchStore) async throws {
    try await kind.run(CanonicalTextTests.contract) { bench in
      _ = try await bench.create("people", CanonicalTextTests.ada)
      for (filter, count) in [
        (#"email == "Ada@X.org""#, 1), (#""ADA@X.org" == email"#, 1), (#"email != "Ada@X.org""#, 0), (#"email == "Bob@x.org""#, 0),
        (#"email in ["Bob@X.org", "ADA@x.org"]"#, 1), (#"!(email in ["ADA@x.org"])"#, 0), (#""Ada@X.org" in [email]"#, 1),
        (#"email >= "ADA" && email < "ADB""#, 1), (#"email.startsWith("Ada@")"#, 1), (#"email.endsWith("@X.ORG")"#, 1),
        (#"email.contains("A@X")"#, 1), (#"email == (name == "x" ? "B@x.org" : "ADA@x.org")"#, 1),
        // Between two fields what is stored is compared; a text among several spellings is taken as it is written.
        ("email == name", 0), (#""Ada@X.org" in [email, name]"#, 1), (#""ADA@X.org" in [email, name]"#, 0),
        (#"name == "ada@x.org""#, 0), (#""ADA@y.org" in others"#, 1), (#"others.exists(o, o == "ADA@Y.org")"#, 1),
        (#"home == "HTTPS://x.org/Ada""#, 1), (#"home.startsWith("HTTPS://X.org/")"#, 1), (#"home == "https://x.org/ADA""#, 0),
        (#"token == "01890A5D-AC96-774B-BCCE-B302099A8057""#, 1), (#"token in ["01890A5D-AC96-774B-BCCE-B302099A8057"]"#, 1),
        (#"due == "2026-03-01T12:00:00+02:00""#, 1), (#"due in ["2026-03-01T10:00:00.000Z"]"#, 1), ("rate == 1.50", 1),
        (#"rate == "1.5""#, 1), (#"rate in ["1.500", 7]"#, 1),
      ] {
        do throws(Failure) {
          let rows = try await bench.list("people") { $0.filter = filter }.rows
          #expect(rows.count == count, "\(filter)")
        } catch {
          Issue.record("\(filter): \(error)")
        }
      }
    }
  }

  @Test(arguments: BenchStore.available) func rulesAndConstraintsMeanIt(_ kind: BenchStore) async throws {
    try await kind.run(CanonicalTextTests.contract) { bench in
      #expect(
        await bench.refusal { () async throws(Failure) in
          try await bench.perform(.create, "people", body: #"{"email": "root@x.org"}"#)
        } == .validation)
      let eve = try await bench.create("people", #"{"email": "Eve@X.org", "gate": "open"}"#)
      #expect(try await bench.read("people", eve.id)["gate"] == .string("open"))
      let ada = try await bench.create("people", #"{"email": "Ada@X.org", "gate": "open"}"#)
      #expect(try await bench.read("people", ada.id)["gate"] == nil)
    }
  }

  @Test(arguments: BenchStore.available) func anAdoptedTableIsAskedAsItIsSpelled(_ kind: BenchStore) async throws {
    try await kind.run(CanonicalTextTests.contract) { bench in
      try await bench.store.define([
        "CREATE TABLE folk (mail varchar(99) NOT NULL, of varchar(9) NOT NULL, kin varchar(99), PRIMARY KEY (mail, of))",
        "INSERT INTO folk VALUES ('Ada@X.org', 'a', 'Bob@X.org'), ('bob@x.org', 'a', NULL)",
      ])
      let folk = try await Bench(
        """
        martlet: 1
        service: {name: folk, version: v1}
        resources:
          folk:
            table: folk
            id: {columns: [mail, of]}
            revision: none
            fields: {mail: {type: email, required: true}, of: {type: string, required: true}, kin: email}
            filterable: [kin, mail]
            access: {read: anyone}
        """, on: bench.store)
      func count(_ filter: String) async throws -> Int { try await folk.list("folk") { $0.filter = filter }.rows.count }
      #expect(try await folk.read("folk", "Ada@X.org,a")["kin"] == .string("Bob@X.org"))
      #expect(await folk.refusal { () async throws(Failure) in try await folk.read("folk", "ada@x.org,a") } == .notFound)
      #expect(try await count(#"kin == "Bob@X.org""#) == 1)
      #expect(try await count(#"kin == "bob@x.org""#) == 0)
    }
  }
}
