import Contract
import Identity
import JSON
import Service
import Store
import Testing

/// What goes along with a deleted record, what keeps it from going, and how it comes back.
@Suite struct RestoringTests {
  private typealias Scene = SoftDeleteTests.Scene

  // MARK: What goes along, and what keeps it

  @Test(arguments: BenchStore.withParts) func whatGoesAlongComesBackAlong(_ store: BenchStore) async throws {
    try await store.run(SoftDeleteTests.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      let early = try await scene.make("tasks", #"{"project": "\#(project)", "title": "early"}"#)
      let task = try await scene.make("tasks", #"{"project": "\#(project)", "title": "late"}"#)
      let comment = try await scene.make("comments", #"{"task": "\#(task)"}"#)
      let board = try await scene.make("boards", #"{"task": "\#(task)"}"#)
      try await scene.delete("tasks", early)
      try await scene.delete("projects", project)
      for (resource, id) in [("projects", project), ("tasks", task), ("comments", comment)] {
        #expect(
          await SoftDeleteTests.refusal { () async throws(Failure) in try await bench.read(resource, id, as: scene.ada) }?.code == .notFound
        )
      }
      #expect(try await bench.read("boards", board, as: scene.ada)["task"] == .null)
      let moment = try await scene.deleted("projects", project)["deleted_at"]
      #expect(try await scene.deleted("tasks", task)["deleted_at"] == moment)
      #expect(try await scene.deleted("comments", comment)["deleted_at"] == moment)
      #expect(try await scene.deleted("comments", comment)["revision"] == .integer(2))
      // A child cannot come back to a parent that is not there.
      let refused = await SoftDeleteTests.refusal { () async throws(Failure) in try await scene.restore("tasks", task) }
      #expect(refused?.code == .conflict && refused?.detail.contains("tasks.project") == true)

      let restored = try await scene.restore("projects", project)
      #expect(restored["deleted_at"] == .null && restored["revision"] == .integer(3))
      #expect(try await bench.read("tasks", task, as: scene.ada)["revision"] == .integer(3))
      #expect(try await bench.read("comments", comment, as: scene.ada)["revision"] == .integer(3))
      // What was deleted before, and what let go, stays so.
      #expect(
        await SoftDeleteTests.refusal { () async throws(Failure) in try await bench.read("tasks", early, as: scene.ada) }?.code == .notFound
      )
      #expect(try await bench.read("boards", board, as: scene.ada)["task"] == .null)
      let events = try await bench.store.inspect(
        """
        SELECT resource, action, revision, coalesce(cause, '-'), CASE WHEN after IS NULL THEN 'no' ELSE 'after' END, before
        FROM _martlet_events WHERE action IN ('delete', 'restore') ORDER BY position
        """, []
      ).map { $0.prefix(5).map { $0 ?? "null" }.joined(separator: " ") }
      let cause = "projects/\(project)"
      #expect(
        events == [
          "tasks delete 2 - after", "projects delete 2 - after", "tasks delete 2 \(cause) after", "comments delete 2 \(cause) after",
          "projects restore 3 - after", "tasks restore 3 \(cause) after", "comments restore 3 \(cause) after",
        ])
      // Again: nothing changes.
      #expect(try await scene.restore("projects", project) == restored)
    }
  }

  @Test(arguments: BenchStore.withParts) func aRecordWithTwoParentsComesBackToBoth(_ store: BenchStore) async throws {
    try await store.run(SoftDeleteTests.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      let one = try await scene.make("tasks", #"{"project": "\#(project)"}"#)
      let two = try await scene.make("tasks", #"{"project": "\#(project)"}"#)
      let comment = try await scene.make("comments", #"{"task": "\#(one)", "second": "\#(two)"}"#)
      try await scene.delete("tasks", one)
      try await scene.delete("tasks", two)
      let refused = await SoftDeleteTests.refusal { () async throws(Failure) in try await scene.restore("tasks", one) }
      #expect(refused?.code == .conflict && refused?.detail.contains("comments.second") == true)
      _ = try await scene.restore("tasks", two)
      #expect(
        await SoftDeleteTests.refusal { () async throws(Failure) in try await bench.read("comments", comment, as: scene.ada) }?.code
          == .notFound)
      _ = try await scene.restore("tasks", one)
      _ = try await bench.read("comments", comment, as: scene.ada)
    }
  }

  @Test(arguments: BenchStore.withParts) func livingRecordsThatReferToItKeepIt(_ store: BenchStore) async throws {
    try await store.run(SoftDeleteTests.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      let task = try await scene.make("tasks", #"{"project": "\#(project)"}"#)
      let invoice = try await scene.make("invoices", #"{"task": "\#(task)"}"#)
      for (resource, id) in [("tasks", task), ("projects", project)] {
        let failure = await SoftDeleteTests.refusal { () async throws(Failure) in try await scene.delete(resource, id) }
        #expect(failure?.code == .restricted && failure?.detail.contains("invoices.task") == true)
      }
      #expect(try await bench.read("tasks", task, as: scene.ada)["revision"] == .integer(1))
      try await scene.delete("invoices", invoice)
      // Who may not know of them is not told who they are.
      _ = try await bench.perform(.create, "hidden", as: scene.ada, body: #"{"task": "\#(task)"}"#)
      let failure = await SoftDeleteTests.refusal { () async throws(Failure) in try await scene.delete("tasks", task) }
      #expect(failure?.code == .restricted && failure?.detail.contains("hidden") == false)
      try await bench.store.define(["DELETE FROM hidden"])
      try await scene.delete("projects", project)
      // A deleted record that refers to a deleted one comes back after it.
      #expect(await SoftDeleteTests.refusal { () async throws(Failure) in try await scene.restore("invoices", invoice) }?.code == .conflict)
      _ = try await scene.restore("projects", project)
      _ = try await scene.restore("invoices", invoice)
    }
  }

  // MARK: Coming back

  @Test(arguments: BenchStore.withParts) func whatWasTakenMeanwhileKeepsItFromComingBack(_ store: BenchStore) async throws {
    try await store.run(SoftDeleteTests.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      _ = try await scene.make("tasks", #"{"project": "\#(project)", "title": "t"}"#)
      try await scene.delete("projects", project)
      let other = try await scene.make("projects", #"{"name": "p"}"#)
      let failure = await SoftDeleteTests.refusal { () async throws(Failure) in try await scene.restore("projects", project) }
      #expect(failure?.code == .unique && failure?.items.first?.pointer == "/name")
      _ = try await bench.perform(.update, "projects", other, as: scene.ada, body: #"{"name": "q"}"#)
      let task = try await scene.make("tasks", #"{"project": "\#(other)", "title": "t"}"#)
      let along = await SoftDeleteTests.refusal { () async throws(Failure) in try await scene.restore("projects", project) }
      #expect(along?.code == .unique && along?.detail.contains("tasks") == true)
      #expect(try await scene.deleted("projects", project)["revision"] == .integer(2))
      try await scene.delete("tasks", task)
      _ = try await scene.restore("projects", project)
    }
  }

  @Test(arguments: BenchStore.withParts) func onlyWhoMayDeleteItBringsItBack(_ store: BenchStore) async throws {
    try await store.run(SoftDeleteTests.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      func code(_ caller: Caller, ifMatch: String? = nil, body: String = "") async -> FailureCode? {
        await SoftDeleteTests.refusal { () async throws(Failure) in
          try await bench.perform(.restore, "projects", project, as: caller, body: body, ifMatch: ifMatch)
        }?.code
      }
      // A record that is there is 403 for who may not delete it, and one that is not is 404.
      #expect(await code(scene.bob) == .forbidden)
      try await scene.delete("projects", project)
      #expect(await code(scene.bob) == .notFound)
      #expect(await code(.anonymous) == .unauthenticated || store == .postgres)
      #expect(await code(scene.ada, body: #"{"name": "x"}"#) == .validation)
      #expect(await code(scene.ada, ifMatch: "\"1.x\"") == .preconditionFailed)
      #expect(await code(scene.ada, ifMatch: "\"2.x\"") == nil)
    }
  }

  @Test(arguments: BenchStore.withParts) func aRepeatedRestoreGetsTheFirstAnswer(_ store: BenchStore) async throws {
    try await store.run(SoftDeleteTests.contract) { bench in
      let scene = try await Scene(bench)
      let project = try await scene.make("projects", #"{"name": "p"}"#)
      try await scene.delete("projects", project)
      let first = try await bench.perform(.restore, "projects", project, as: scene.ada, key: "k")
      try await scene.delete("projects", project)
      let again = try await bench.perform(.restore, "projects", project, as: scene.ada, key: "k")
      #expect(again.isReplayed && again.body == first.body)
      #expect(
        await SoftDeleteTests.refusal { () async throws(Failure) in try await bench.read("projects", project, as: scene.ada) }?.code
          == .notFound)
    }
  }

  @Test(arguments: BenchStore.withParts) func itsIdIsNotFree(_ store: BenchStore) async throws {
    try await store.run(SoftDeleteTests.contract) { bench in
      let scene = try await Scene(bench)
      let id = HistoryTests.id
      _ = try await bench.perform(.replace, "named", id, as: scene.ada, body: #"{"title": "a"}"#)
      try await scene.delete("named", id)
      for (action, key, body) in [
        (Operation.Action.replace, id as String?, #"{"title": "b"}"#), (.create, nil, #"{"id": "\#(id)", "title": "b"}"#),
      ] {
        let failure = await SoftDeleteTests.refusal { () async throws(Failure) in
          try await bench.perform(action, "named", key, as: scene.ada, body: body)
        }
        #expect(failure?.code == .unique && failure?.items.first?.pointer == "/id")
      }
      #expect(try await scene.restore("named", id)["title"] == .string("a"))
    }
  }
}
