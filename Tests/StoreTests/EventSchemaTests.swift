import Base
import Contract
import Store
import Testing

@Suite("The events' table") struct EventSchemaTests {
  private func columns(_ store: any Store) async throws -> [[String]] {
    let table = try #require(try await SchemaInspector(store).inspect().table("_martlet_events"))
    return table.indexes.filter { !$0.isConstraint }.map { $0.parts.map(\.column) }
  }

  @Test("of the first layout gets its new index and keeps its rows", arguments: TestStore.available)
  func migration(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let time = store.dialect == .sqlite ? "1767225600000000" : "'2026-01-01T00:00:00Z'"
      try await store.define([
        "DROP INDEX ix__martlet_events_resource_record_time",
        "CREATE INDEX ix__martlet_events_resource_record_position ON _martlet_events (resource, record, position)",
        "DELETE FROM _martlet_schema WHERE name LIKE 'shape:%'",
        """
        INSERT INTO _martlet_events (resource, record, revision, action, request, time, before, after, version)
        VALUES ('books', '1', 2, 'update', 'r', \(time), '{"title":"a"}', '{"title":"b"}', 1)
        """,
      ])
      let applied = try await SchemaManager().prepare(store, Library.contract)
      #expect(
        applied == [
          "create index ix__martlet_events_resource_record_time", "drop index ix__martlet_events_resource_record_position",
        ])
      #expect(try await columns(store) == [["resource", "record", "time"]])
      #expect(try await Library.count("_martlet_events", store) == 1)
      #expect(try await store.inspect("SELECT name FROM _martlet_schema WHERE name LIKE 'shape:books:%'", []).count == 1)
      #expect(try await SchemaManager().prepare(store, Library.contract) == [])
    }
  }

  @Test("every shape that a resource has had is noted, once", arguments: TestStore.available)
  func shapes(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      var contract = Library.contract
      contract.resources[1].fields.append(Library.field("note", .string(StringOptions(length: 0...10))))
      for contract in [contract, Library.contract, contract] { _ = try await SchemaManager().prepare(store, contract) }
      let shapes = try await store.inspect("SELECT value FROM _martlet_schema WHERE name LIKE 'shape:books:%'", []).compactMap { $0[0] }
      #expect(shapes.count == 2 && shapes.filter { $0.contains("\nnote=text") }.count == 1)
      let numbers = [contract, Library.contract].compactMap { Layout($0)["books"]?.shape.number }
      let names = try await store.inspect("SELECT name FROM _martlet_schema WHERE name LIKE 'shape:books:%'", []).compactMap { $0[0] }
      #expect(Set(names) == Set(numbers.map { "shape:books:\($0)" }))
    }
  }
}
