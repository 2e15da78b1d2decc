import Base
import Contract
import Identity
import JSON
import Service
import Store
import Testing

/// `delete: soft`: what is deleted is not there, except for who may delete it, and comes back whole.
@Suite struct SoftDeleteTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    roles: [chief]
    resources:
      projects:
        delete: soft
        history: true
        fields:
          name:   {type: string, required: true, unique: true}
          owner:  {ref: users, default: caller.id}
          kind:   {type: enum, values: [a, b], default: a, index: true}
          state:  {type: enum, values: [open, done], default: open}
          tasks:  {many: tasks, by: project}
        indexes: [[-created_at]]
        access:
          create: authenticated
          read:   authenticated
          update: authenticated
          delete: record.owner == caller.id || caller.has_role("chief")
        states: {field: state, transitions: {finish: {from: open, to: done, access: authenticated}}}
      tasks:
        history: true
        fields:
          project: {ref: projects, required: true, on_delete: cascade}
          title:   {type: string, unique: true}
        access: {create: authenticated, read: authenticated, update: authenticated, delete: authenticated}
      comments:
        fields:
          task:   {ref: tasks, required: true, on_delete: cascade}
          second: {ref: tasks, on_delete: cascade}
        access: {create: authenticated, read: authenticated, delete: authenticated}
      boards:
        fields: {task: {ref: tasks, on_delete: set_null}}
        access: {create: authenticated, read: authenticated}
      invoices:
        delete: soft
        fields: {task: {ref: tasks, on_delete: restrict}}
        access: {create: authenticated, read: authenticated, delete: authenticated}
      hidden:
        fields: {task: {ref: tasks, on_delete: restrict}}
        access: {create: authenticated}
      notes:
        fields: {project: {ref: projects, required: true}, text: {type: string}}
        access: {create: authenticated, read: record.project.owner == caller.id, update: record.project.owner == caller.id}
      seats:
        delete: soft
        fields: {row: {type: string, required: true}, number: {type: integer}}
        unique: [[row, number]]
        access: {create: authenticated, read: authenticated, delete: authenticated}
      named:
        id: client
        delete: soft
        fields: {title: {type: string, required: true}}
        access: {create: authenticated, read: authenticated, update: authenticated, delete: authenticated}
    """

  struct Scene: Sendable {
    let bench: Bench
    let ada: Caller
    let bob: Caller

    init(_ bench: Bench) async throws {
      self.bench = bench
      ada = try await bench.caller("ada")
      bob = try await bench.caller("bob")
    }

    func make(_ resource: String, _ body: String, as caller: Caller? = nil) async throws -> String {
      bench.clock.advance(seconds: 1)
      return try await bench.create(resource, body, as: caller ?? ada).id
    }

    func delete(_ resource: String, _ id: String, as caller: Caller? = nil) async throws(Failure) {
      bench.clock.advance(seconds: 1)
      _ = try await bench.perform(.delete, resource, id, as: caller ?? ada)
    }

    func restore(_ resource: String, _ id: String, as caller: Caller? = nil) async throws(Failure) -> JSONValue {
      bench.clock.advance(seconds: 1)
      return try await bench.perform(.restore, resource, id, as: caller ?? ada).json
    }

    func deleted(_ resource: String, _ id: String, as caller: Caller? = nil) async throws(Failure) -> JSONValue {
      var parameters = ReadParameters()
      parameters.deleted = "include"
      return try await bench.perform(.read(parameters), resource, id, as: caller ?? ada).json
    }

    func list(
      _ resource: String, as caller: Caller? = nil, _ change: (inout ListParameters) -> Void = { _ in }
    ) async throws(Failure) -> JSONValue {
      try await bench.list(resource, as: caller ?? ada, change)
    }
  }

  @Test(arguments: BenchStore.withParts)
  func whatSeveralFieldsHadTogetherIsFree(_ kind: BenchStore) async throws {
    try await kind.run(SoftDeleteTests.contract) { bench in
      let scene = try await Scene(bench)
      let body = #"{"row": "a", "number": 1}"#
      let first = try await scene.make("seats", body)
      _ = try await scene.make("seats", #"{"row": "a", "number": 2}"#)
      let taken = await SoftDeleteTests.refusal { () async throws(Failure) in
        try await bench.perform(.create, "seats", as: scene.ada, body: body)
      }
      #expect(taken?.code == .unique)
      try await scene.delete("seats", first)
      let second = try await scene.make("seats", body)
      let back = await SoftDeleteTests.refusal { () async throws(Failure) in try await scene.restore("seats", first) }
      #expect(back?.code == .unique)
      try await scene.delete("seats", second)
      #expect(try await scene.restore("seats", first).id == first)
    }
  }

  static func refusal(_ run: () async throws(Failure) -> some Any) async -> Failure? {
    do throws(Failure) {
      _ = try await run()
      return nil
    } catch {
      return error
    }
  }

  // MARK: What is deleted is not there

  @Test(arguments: BenchStore.withParts) func nothingFindsADeletedRecord(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let (ada, bob) = (scene.ada, scene.bob)
      let gone = try await scene.make("projects", #"{"name": "gone"}"#)
      let kept = try await scene.make("projects", #"{"name": "kept"}"#)
      try await scene.delete("projects", gone)
      let actions: [(Operation.Action, String)] = [
        (.read(ReadParameters()), ""), (.history(HistoryParameters()), ""), (.update, #"{"name": "x"}"#),
        (.patch, #"[{"op": "replace", "path": "/name", "value": "x"}]"#), (.replace, #"{"name": "x"}"#), (.delete, ""),
        (.transition("finish"), ""),
      ]
      for (action, body) in actions {
        for caller in [ada, bob] {
          let failure = await Self.refusal { () async throws(Failure) in
            try await bench.perform(action, "projects", gone, as: caller, body: body)
          }
          #expect(failure?.code == .notFound, "\(action)")
        }
      }
      let made = try #require(try await bench.read("projects", kept, as: ada)["created_at"]?.stringValue)
      #expect(
        await Self.refusal { () async throws(Failure) in try await bench.past("projects", gone, at: made, as: ada) }?.code == .notFound)
      #expect(try await scene.list("projects").rows.map(\.id) == [kept])
      #expect(try await scene.list("projects") { $0.sort = "-created_at" }.rows.map(\.id) == [kept])
      #expect(try await scene.list("projects") { $0.equals = [("kind", "a")] }.rows.map(\.id) == [kept])
      #expect(try await scene.list("projects") { $0.filter = "name == 'gone'" }.rows.isEmpty)
      #expect(try await scene.list("projects") { $0.equals = [("id", gone)] }.rows.isEmpty)
      let counted = try await scene.list("projects") { $0.count = "exact" }
      #expect(counted.page("total") == .integer(1))
      // What it had is free.
      _ = try await scene.make("projects", #"{"name": "gone"}"#)
    }
  }

  @Test(arguments: BenchStore.withParts) func relationsAndRulesDoNotSeeIt(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      let one = try await scene.make("tasks", #"{"project": "\#(project)", "title": "one"}"#)
      let two = try await scene.make("tasks", #"{"project": "\#(project)", "title": "two"}"#)
      let board = try await scene.make("boards", #"{"task": "\#(two)"}"#)
      try await scene.delete("tasks", one)
      let row = try #require(try await scene.list("projects") { $0.include = "tasks" }.rows.first)
      #expect(row["tasks"]?.rows.map(\.id) == [two])
      #expect(try await scene.list("projects") { $0.filter = "size(tasks) == 1" }.rows.count == 1)
      #expect(try await scene.list("projects") { $0.filter = "tasks.exists(t, t.title == 'one')" }.rows.isEmpty)
      #expect(try await scene.list("boards") { $0.filter = "task.title == 'two'" }.rows.map(\.id) == [board])
      // A row that another program left with a ref to a deleted record: the record is not there for whatever follows the ref.
      let column = store == .sqlite ? "hex(id) = '\(two.replacing("-", with: "").uppercased())'" : "id = '\(two)'"
      try await bench.store.define(["UPDATE tasks SET deleted_at = \(store == .sqlite ? "1" : "now()") WHERE \(column)"])
      #expect(try await scene.list("boards") { $0.filter = "task.title == 'two'" }.rows.isEmpty)
      #expect(try await scene.list("boards") { $0.include = "task" }.rows.first?["task"]?.stringValue == two)
    }
  }

  @Test(arguments: BenchStore.withParts) func aRuleOverADeletedRecordDenies(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      let note = try await scene.make("notes", #"{"project": "\#(project)", "text": "t"}"#)
      _ = try await bench.read("notes", note, as: scene.ada)
      let column = store == .sqlite ? "1" : "now()"
      try await bench.store.define(["UPDATE projects SET deleted_at = \(column)"])
      #expect(await Self.refusal { () async throws(Failure) in try await bench.read("notes", note, as: scene.ada) }?.code == .notFound)
      #expect(try await scene.list("notes").rows.isEmpty)
      #expect(
        await Self.refusal { () async throws(Failure) in
          try await bench.perform(.update, "notes", note, as: scene.ada, body: #"{"text": "u"}"#)
        }?.code == .notFound)
    }
  }

  @Test(arguments: BenchStore.withParts) func nothingComesToReferToIt(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let gone = try await scene.make("projects", #"{"name": "p"}"#)
      let other = try await scene.make("projects", #"{"name": "q"}"#)
      let task = try await scene.make("tasks", #"{"project": "\#(other)"}"#)
      try await scene.delete("projects", gone)
      let missing = await Self.refusal { () async throws(Failure) in
        try await bench.perform(.create, "tasks", as: scene.ada, body: #"{"project": "01890a5d-ac96-774b-bcce-b302099a8057"}"#)
      }
      for action in [Operation.Action.create, .update] {
        let failure = await Self.refusal { () async throws(Failure) in
          try await bench.perform(
            action, "tasks", action == .create ? nil : task, as: scene.ada, body: #"{"project": "\#(gone)"}"#)
        }
        #expect(failure?.code == .validation && failure?.items == missing?.items)
      }
    }
  }

  /// Whoever comes while a record is deleted comes too late, goes along, or keeps it: no living record refers to a deleted one.
  @Test(arguments: BenchStore.withParts) func nothingLivesBesideADeletion(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      for round in 0..<10 {
        let project = try await scene.make("projects", #"{"name": "\#(round)"}"#)
        let task = try await scene.make("tasks", #"{"project": "\#(project)"}"#)
        await withTaskGroup(of: Void.self) { group in
          for number in 0..<8 {
            group.addTask {
              switch number {
              case 3: _ = try? await bench.perform(.delete, "projects", project, as: scene.ada)
              case 5: _ = try? await bench.perform(.delete, "tasks", task, as: scene.ada)
              case 6: _ = try? await bench.perform(.restore, "tasks", task, as: scene.ada)
              case 7 where round.isMultiple(of: 3): _ = try? await bench.create("invoices", #"{"task": "\#(task)"}"#, as: scene.ada)
              case 0, 2: _ = try? await bench.create("tasks", #"{"project": "\#(project)"}"#, as: scene.ada)
              default: _ = try? await bench.create("comments", #"{"task": "\#(task)"}"#, as: scene.ada)
              }
            }
          }
        }
      }
      for (child, ref, parent) in [
        ("tasks", "project", "projects"), ("comments", "task", "tasks"), ("invoices", "task", "tasks"),
      ] {
        let orphans = try await bench.store.inspect(
          """
          SELECT c.id FROM \(child) AS c JOIN \(parent) AS p ON p.id = c.\(ref)
          WHERE c.deleted_at IS NULL AND p.deleted_at IS NOT NULL
          """, [])
        #expect(orphans.isEmpty, "\(child)")
      }
      let deletions = try await bench.store.inspect("SELECT 1 FROM _martlet_events WHERE action = 'delete'", [])
      #expect(deletions.count >= 5, "deletions hardly ever went through: \(deletions.count)")
    }
  }

  // MARK: Who sees it

  @Test(arguments: BenchStore.withParts) func onlyWhoMayDeleteItSeesIt(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let chief = try await bench.caller("chief", roles: ["chief"])
      let hers = try await scene.make("projects", #"{"name": "hers"}"#)
      let his = try await scene.make("projects", #"{"name": "his"}"#, as: scene.bob)
      let kept = try await scene.make("projects", #"{"name": "kept"}"#, as: scene.bob)
      try await scene.delete("projects", hers)
      try await scene.delete("projects", his, as: scene.bob)
      #expect(try await scene.deleted("projects", hers)["deleted_at"] != .null)
      #expect(try await scene.deleted("projects", kept)["deleted_at"] == .null)
      #expect(await Self.refusal { () async throws(Failure) in try await scene.deleted("projects", his) }?.code == .notFound)
      #expect(try await scene.deleted("projects", his, as: chief).id == his)
      func ids(_ caller: Caller, _ change: (inout ListParameters) -> Void = { _ in }) async throws -> [String] {
        try await scene.list("projects", as: caller) { parameters in
          parameters.deleted = "include"
          change(&parameters)
        }.rows.map(\.id)
      }
      #expect(try await ids(scene.ada) == [kept, hers])
      #expect(try await ids(scene.bob) == [kept, his])
      #expect(try await ids(chief) == [kept, his, hers])
      #expect(try await ids(chief) { $0.filter = "deleted_at != null" } == [his, hers])
      #expect(try await ids(chief) { $0.sort = "id" } == [hers, his, kept])
      // Its pages keep what they were asked.
      let first = try await scene.list("projects", as: chief) { ($0.deleted, $0.limit) = ("include", "2") }
      let cursor = try #require(first.page("next").stringValue)
      #expect(try await ids(chief) { ($0.after, $0.limit) = (cursor, "2") } == [hers])
      #expect(
        await Self.refusal { () async throws(Failure) in try await scene.list("projects", as: chief) { $0.after = cursor } }?.code
          == .badCursor)
      let answer = try await bench.perform(
        .list(
          {
            var parameters = ListParameters()
            (parameters.deleted, parameters.limit) = ("include", "2")
            return parameters
          }()), "projects", as: chief)
      #expect(answer.links.first?.target.contains("deleted=include") == true)
      // No order but the id's has an index of them.
      #expect(
        await Self.refusal { () async throws(Failure) in
          try await scene.list("projects", as: chief) { ($0.deleted, $0.sort) = ("include", "-created_at") }
        }?.code == .notSortable)
    }
  }

  @Test func whoMayDeleteNothingIsToldSo() async throws {
    let bench = try await Bench(Self.contract)
    let scene = try await Scene(bench)
    let note = try await scene.make("notes", #"{"project": "\#(try await scene.make("projects", #"{"name": "n"}"#))"}"#)
    for value in ["only", "", "true"] {
      #expect(
        await Self.refusal { () async throws(Failure) in try await scene.list("projects") { $0.deleted = value } }?.code == .badParameter)
    }
    // Where none is kept there is no such parameter.
    #expect(
      await Self.refusal { () async throws(Failure) in try await scene.list("notes") { $0.deleted = "include" } }?.code == .unknownParameter
    )
    #expect(await Self.refusal { () async throws(Failure) in try await scene.deleted("notes", note) }?.code == .unknownParameter)
    #expect(await Self.refusal { () async throws(Failure) in try await scene.restore("notes", note) }?.code == .notFound)
    let closed = try await Bench(
      Self.contract.replacing("delete: record.owner == caller.id || caller.has_role(\"chief\")", with: "delete: [chief]"))
    let other = try await Scene(closed)
    let project = try await other.make("projects", #"{"name": "p"}"#)
    #expect(await Self.refusal { () async throws(Failure) in try await other.deleted("projects", project) }?.code == .forbidden)
    #expect(
      await Self.refusal { () async throws(Failure) in try await other.list("projects") { $0.deleted = "include" } }?.code == .forbidden)
    #expect(
      await Self.refusal { () async throws(Failure) in
        var parameters = ReadParameters()
        parameters.deleted = "include"
        return try await closed.perform(.read(parameters), "projects", project)
      }?.code == .unauthenticated)
  }

  // MARK: History

  @Test(arguments: BenchStore.withParts) func historyTellsOfBoth(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      let made = bench.clock.now.description
      try await scene.delete("projects", project)
      let gone = bench.clock.now.description
      func history(_ caller: Caller) async throws(Failure) -> [JSONValue] {
        try await bench.history("projects", project, as: caller) { $0.deleted = "include" }.rows
      }
      #expect(try await history(scene.ada).map { $0["action"] } == [.string("delete"), .string("create")])
      #expect(await Self.refusal { () async throws(Failure) in try await history(scene.bob) }?.code == .notFound)
      func past(_ time: String, deleted: String?) async throws(Failure) -> JSONValue {
        var parameters = ReadParameters()
        (parameters.at, parameters.deleted) = (time, deleted)
        return try await bench.perform(.read(parameters), "projects", project, as: scene.ada).json
      }
      #expect(try await past(made, deleted: "include")["deleted_at"] == .null)
      #expect(try await past(gone, deleted: "include")["deleted_at"] == .string(gone))
      _ = try await scene.restore("projects", project)
      let rows = try await bench.history("projects", project, as: scene.bob).rows
      #expect(rows.map { $0["action"] } == [.string("restore"), .string("delete"), .string("create")])
      #expect(rows[1]["before"] == ["deleted_at": .null] && rows[1]["after"] == ["deleted_at": .string(gone)])
      #expect(rows[0]["before"] == ["deleted_at": .string(gone)] && rows[0]["after"] == ["deleted_at": .null])
      // It was not there then.
      #expect(await Self.refusal { () async throws(Failure) in try await past(gone, deleted: nil) }?.code == .notFound)
      #expect(try await past(made, deleted: nil)["name"] == .string("p"))
      #expect(try await past(gone, deleted: "include").id == project)
    }
  }

  // MARK: Lists do not walk past the deleted

  @Test(arguments: BenchStore.withParts) func aListOfFewLivingAmongManyDeletedIsRead(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      let kept = try await scene.make("tasks", #"{"project": "\#(project)"}"#)
      let copy =
        store == .sqlite
        ? """
        INSERT INTO tasks SELECT randomblob(16), n.project, hex(randomblob(8)), n.created_at, n.updated_at, 1, 1
        FROM tasks AS n, (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 30000) SELECT x FROM c)
        """
        : """
        INSERT INTO tasks SELECT gen_random_uuid(), n.project, 't' || x, n.created_at, n.updated_at, now(), 1
        FROM tasks AS n, generate_series(1, 30000) AS x
        """
      try await bench.store.define([copy] + (store == .sqlite ? [] : ["ANALYZE"]))
      let watched = WatchedStore(bench.store)
      let engine = try await Bench(Self.contract, on: watched).engine
      let already = watched.statements.count
      for change in [{ _ in }, { $0.equals = [("project", project)] }, { $0.count = "exact" }] as [(inout ListParameters) -> Void] {
        var parameters = ListParameters()
        change(&parameters)
        let operation = Operation(.list(parameters), resource: "tasks", caller: scene.ada, context: bench.context)
        #expect(try await engine.perform(operation).json.rows.map(\.id) == [kept])
      }
      var parameters = ListParameters()
      parameters.include = "tasks"
      let operation = Operation(.list(parameters), resource: "projects", caller: scene.ada, context: bench.context)
      #expect(try await engine.perform(operation).json.rows.first?["tasks"]?.rows.map(\.id) == [kept])
      for asked in watched.statements.dropFirst(already) where asked.statement.text.contains("\"tasks\"") {
        let plan = try await bench.store.inspect(bench.store.dialect.explanation(of: asked.statement), asked.values)
          .map { $0.compactMap { $0 }.joined(separator: " ") }.joined(separator: "\n")
        // Of the living alone, or of who refers and is not deleted.
        #expect(
          plan.contains("lx_tasks_id") || plan.contains("lx_tasks_project")
            || plan.contains("ix_tasks_project_deleted_at (project=? AND deleted_at=?)"), "\(asked.statement.text)\n\(plan)")
      }
    }
  }
}
