import Identity
import JSON
import Service
import Store
import Testing

/// What a deletion changes besides the record that goes: every change has its revision and its event.
@Suite struct CascadeTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    resources:
      projects:
        fields: {name: {type: string}}
        access: {create: anyone, read: anyone, delete: anyone}
      tasks:
        fields:
          project: {ref: projects, required: true, on_delete: cascade}
          title:   {type: string}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
      comments:
        fields:
          task:    {ref: tasks, required: true, on_delete: cascade}
          project: {ref: projects, on_delete: set_null}
        access: {create: anyone, read: anyone}
      boards:
        fields:
          first:  {ref: tasks, on_delete: set_null}
          second: {ref: tasks, on_delete: set_null}
          name:   {type: string}
        access: {create: anyone, read: anyone, update: anyone}
      invoices:
        fields: {task: {ref: tasks, on_delete: restrict}}
        access: {create: anyone, read: anyone, delete: anyone}
      nodes:
        fields: {parent: {ref: nodes, on_delete: cascade}, peer: {ref: nodes, on_delete: set_null}}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
    """

  /// `action record revision cause has-before has-after` of each event but the creations, in order.
  private func events(_ bench: Bench) async throws -> [String] {
    try await bench.store.inspect(
      """
      SELECT resource, action, record, revision, coalesce(cause, '-'), CASE WHEN before IS NULL THEN 0 ELSE 1 END,
        CASE WHEN after IS NULL THEN 0 ELSE 1 END, request, coalesce(CAST(actor AS text), '-')
      FROM _martlet_events WHERE action <> 'create' ORDER BY position
      """, []
    ).map { $0.map { $0 ?? "null" }.joined(separator: " ") }
  }

  @Test(arguments: BenchStore.withParts) func everyRecordThatGoesOrLetsGoIsAChangeOfItsOwn(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let project = try await bench.create("projects", "{}").id
      let kept = try await bench.create("projects", "{}").id
      let one = try await bench.create("tasks", #"{"project": "\#(project)"}"#).id
      let two = try await bench.create("tasks", #"{"project": "\#(project)"}"#).id
      let other = try await bench.create("tasks", #"{"project": "\#(kept)"}"#).id
      let comment = try await bench.create("comments", #"{"task": "\#(one)"}"#).id
      let cleared = try await bench.create("comments", #"{"task": "\#(other)", "project": "\#(project)"}"#).id
      // Goes with its task, and would have let go of the project: it goes.
      let both = try await bench.create("comments", #"{"task": "\#(two)", "project": "\#(project)"}"#).id
      let board = try await bench.create("boards", #"{"first": "\#(one)", "second": "\#(two)", "name": "b"}"#).id
      let untouched = try await bench.create("boards", #"{"first": "\#(other)"}"#)
      let before = try await bench.perform(.read(ReadParameters()), "boards", board)
      bench.clock.advance(seconds: 5)
      #expect(try await bench.perform(.delete, "projects", project).status == .noContent)

      let after = try await bench.perform(.read(ReadParameters()), "boards", board, ifNoneMatch: before.etag)
      #expect(after.status == .ok && after.etag != before.etag)
      #expect(after.json["first"] == .null && after.json["second"] == .null && after.json["name"] == .string("b"))
      #expect(after.json["revision"] == .integer(2) && after.json["updated_at"] != before.json["updated_at"])
      #expect(try await bench.read("comments", cleared)["project"] == .null)
      #expect(try await bench.read("boards", untouched.id) == untouched)
      #expect(try await bench.read("tasks", other)["revision"] == .integer(1))
      for (resource, id) in [("projects", project), ("tasks", one), ("tasks", two), ("comments", comment), ("comments", both)] {
        #expect(await bench.refusal { () async throws(Failure) in try await bench.read(resource, id) } == .notFound)
      }
      let events = try await events(bench)
      let cause = "projects/\(project)"
      #expect(events.first == "projects delete \(project) 1 - 1 0 test -")
      let expected = [
        "tasks delete \(one) 1 \(cause) 1 0 test -", "tasks delete \(two) 1 \(cause) 1 0 test -",
        "comments delete \(comment) 1 \(cause) 1 0 test -", "comments delete \(both) 1 \(cause) 1 0 test -",
        "comments update \(cleared) 2 \(cause) 1 1 test -", "boards update \(board) 2 \(cause) 1 1 test -",
      ]
      #expect(Set(events.dropFirst()) == Set(expected) && events.count == expected.count + 1)
    }
  }

  @Test(arguments: BenchStore.withParts) func whatGoesAlongMayBeKeptByOthers(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let project = try await bench.create("projects", "{}").id
      let task = try await bench.create("tasks", #"{"project": "\#(project)"}"#).id
      let invoice = try await bench.create("invoices", #"{"task": "\#(task)"}"#).id
      do throws(Failure) {
        _ = try await bench.perform(.delete, "projects", project)
        Issue.record("it was deleted")
      } catch {
        #expect(error.code == .restricted && error.detail.contains("invoices.task"))
      }
      #expect(try await bench.read("tasks", task)["revision"] == .integer(1))
      #expect(try await events(bench) == [])
      _ = try await bench.perform(.delete, "invoices", invoice)
      #expect(try await bench.perform(.delete, "projects", project).status == .noContent)
    }
  }

  /// Trees and circles end, and each record goes once.
  @Test(arguments: BenchStore.withParts) func recordsThatReferToEachOther(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      func node(_ parent: String? = nil) async throws -> String {
        try await bench.create("nodes", parent.map { #"{"parent": "\#($0)"}"# } ?? "{}").id
      }
      func set(_ id: String, _ body: String) async throws { _ = try await bench.perform(.update, "nodes", id, body: body) }
      let root = try await node()
      let (left, right) = (try await node(root), try await node(root))
      let leaf = try await node(left)
      let outside = try await node()
      try await set(root, #"{"parent": "\#(leaf)"}"#)
      try await set(right, #"{"peer": "\#(left)"}"#)
      try await set(outside, #"{"peer": "\#(leaf)"}"#)
      try await set(left, #"{"parent": "\#(root)", "peer": "\#(left)"}"#)
      _ = try await bench.perform(.delete, "nodes", root)
      let rows = try await bench.list("nodes").rows
      #expect(rows.map(\.id) == [outside])
      #expect(rows.first?["peer"] == .null && rows.first?["revision"] == .integer(3))
      let deletions = try await events(bench).filter { $0.hasPrefix("nodes delete ") }.map { $0.split(separator: " ")[2] }
      #expect(deletions.count == 4 && Set(deletions) == Set([root, left, right, leaf].map { $0[...] }))
      // A record that refers to itself.
      let alone = try await node()
      try await set(alone, #"{"parent": "\#(alone)", "peer": "\#(alone)"}"#)
      #expect(try await bench.perform(.delete, "nodes", alone).status == .noContent)
    }
  }

  @Test(arguments: BenchStore.withParts) func aDeletionThatWouldChangeTooMuchIsRefusedWhole(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let project = try await bench.create("projects", "{}").id
      let task = try await bench.create("tasks", #"{"project": "\#(project)"}"#).id
      // One more than goes along with the task.
      for _ in 0..<1_000 { _ = try await bench.create("comments", #"{"task": "\#(task)"}"#) }
      do throws(Failure) {
        _ = try await bench.perform(.delete, "projects", project)
        Issue.record("it was deleted")
      } catch {
        #expect(error.code == .restricted && error.detail.contains("comments.task") && error.detail.contains("1000"))
      }
      #expect(try await bench.read("tasks", task)["revision"] == .integer(1))
      #expect(try await bench.perform(.delete, "tasks", task).status == .noContent)
      #expect(try await bench.list("comments").rows.isEmpty)
      #expect(try await events(bench).count == 1_001)
      #expect(try await bench.perform(.delete, "projects", project).status == .noContent)
    }
  }

  /// Whoever comes while a record goes either comes too late or goes with it, and its going is written down.
  @Test(arguments: BenchStore.withParts) func nothingGoesUnseenBesideADeletion(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      for _ in 0..<12 {
        let project = try await bench.create("projects", "{}").id
        let task = try await bench.create("tasks", #"{"project": "\#(project)"}"#).id
        await withTaskGroup(of: Void.self) { group in
          for number in 0..<6 {
            group.addTask {
              if number == 3 {
                _ = try? await bench.perform(.delete, "projects", project)
              } else if number.isMultiple(of: 2) {
                _ = try? await bench.create("tasks", #"{"project": "\#(project)"}"#)
              } else {
                _ = try? await bench.create("comments", #"{"task": "\#(task)"}"#)
              }
            }
          }
        }
      }
      for resource in ["projects", "tasks", "comments"] {
        let counts = try await bench.store.inspect(
          """
          SELECT (SELECT count(*) FROM _martlet_events WHERE action = 'create' AND resource = '\(resource)'),
            (SELECT count(*) FROM _martlet_events WHERE action = 'delete' AND resource = '\(resource)') + (SELECT count(*) FROM \(resource))
          """, [])
        #expect(counts.first?.first == counts.first?.last, "\(resource)")
      }
      let deletions = try await events(bench)
      #expect(deletions.count { $0.hasPrefix("projects delete") } >= 6, "deletions hardly ever went through: \(deletions.count)")
    }
  }
}
