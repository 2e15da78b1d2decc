import Identity
import JSON
import Service
import Store
import Testing

/// Rules over the records of a collection (`record.members.exists(m, m.user == caller.id)`) lead lists, on both stores.
@Suite struct MembershipTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    roles: [staff]
    resources:
      rooms:
        delete: soft
        fields:
          name:    {type: string, required: true}
          rank:    {type: integer, index: true}
          members: {many: members, by: room}
        scan: 20
        access:
          create: [staff]
          read: "caller.has_role('staff') || record.members.exists(m, m.user == caller.id && m.role == 'guest')"
      members:
        delete: soft
        fields:
          room: {ref: rooms, required: true, on_delete: cascade}
          user: {ref: users, default: caller.id}
          role: {type: enum, values: [guest, gone], default: guest}
        access: {create: authenticated, read: record.user == caller.id, update: authenticated, delete: anyone}
    """

  @Test(arguments: BenchStore.available)
  func aListIsFoundFromTheMembersSide(_ kind: BenchStore) async throws {
    try await kind.run(MembershipTests.contract) { bench in
      let ada = try await bench.caller("ada")
      let (adaAtWork, bob) = (try await bench.caller("ada", roles: ["staff"]), try await bench.caller("bob", roles: ["staff"]))
      var joined: [String] = []
      var last = ""
      for number in 0..<60 {
        bench.clock.advance(seconds: 1)
        let room = try await bench.create("rooms", "{\"name\": \"r\(number)\", \"rank\": \(number % 5)}", as: bob).id
        guard number < 3 || number == 40 else {
          _ = try await bench.create("members", "{\"room\": \"\(room)\"}", as: bob)
          continue
        }
        joined.append(room)
        last = try await bench.create("members", "{\"room\": \"\(room)\"}", as: adaAtWork).id
        // Twice a member is in the list once.
        _ = try await bench.create("members", "{\"room\": \"\(room)\"}", as: adaAtWork)
      }
      func rooms(_ sort: String) async throws(Failure) -> [String] {
        try await bench.list("rooms", as: ada) { $0.sort = sort }.rows.map(\.id)
      }
      // Sixty rooms are more than the budget of twenty: they are not walked.
      #expect(try await rooms("id") == joined)
      #expect(try await rooms("-id") == joined.reversed())
      #expect(try await rooms("rank").count == 4)
      let counted = try await bench.list("rooms", as: ada) {
        $0.count = "exact"
        $0.limit = "2"
      }
      #expect(counted.rows.count == 2 && counted.page("total").integerValue == 4)
      let rest = try await bench.list("rooms", as: ada) { $0.after = counted.page("next").stringValue }
      #expect((counted.rows + rest.rows).map(\.id) == joined.reversed())
      // What no longer makes a member, and what is deleted, does not count.
      for member in try await bench.list("members", as: ada, { $0.equals = [("room", joined[3])] }).rows {
        let change: Operation.Action = member.id == last ? .update : .delete
        _ = try await bench.perform(change, "members", member.id, as: ada, body: change == .update ? #"{"role": "gone"}"# : "")
      }
      #expect(try await rooms("id") == Array(joined.prefix(3)))
    }
  }
}
