import Base
import HTTP
import Identity
import Service
import Store
import Testing

@testable import REST

/// Where a client's own changes stand: told after each, taken where it reads.
@Suite struct PositionTests {
  private static let json: [(name: String, value: String)] = [("Content-Type", "application/json")]
  private let tokens: PositionTokens

  init() throws { tokens = PositionTokens(try ServiceKey.ephemeral()) }

  private func told(_ received: Received) -> UInt64? {
    received.header("martlet-position").map { tokens.position($0, now: FixedClock().now) }
  }

  private func post(_ bench: Bench) async throws -> Received { try await bench.send(.post, "/v1/products", Self.json, body: "{}") }

  @Test func aChangeTellsWhereItStands() async throws {
    let bench = try Bench(.success(Answer(.created)), positions: tokens, commit: 77)
    #expect(told(try await post(bench)) == 77)
    #expect(bench.operations.asked.first?.context.place == nil)
  }

  @Test func whatMayHaveBeenDoneIsFoundInThePrimaryAlone() async throws {
    var replayed = Answer(.created)
    replayed.isReplayed = true
    for result in [.success(replayed), .failure(Failure(.unavailable, "lost")), .failure(Failure(.timeout, "late"))]
      as [Result<Answer, Failure>]
    {
      #expect(told(try await post(try Bench(result, positions: tokens))) == WriteReceipt.unknown)
    }
  }

  @Test func whatWasNotDoneTellsNothing() async throws {
    #expect(told(try await post(try Bench(.failure(Failure(.conflict, "no")), positions: tokens))) == nil)
    #expect(told(try await post(try Bench(.success(Answer(.created)), commit: 77))) == nil)
    #expect(told(try await Bench(.success(Answer(.ok)), positions: tokens, commit: 77).send(.get, "/v1/products")) == nil)
  }

  @Test func aReadTakesWhatItIsShown() async throws {
    let token = tokens.token(77, now: FixedClock().now)
    for (headers, position) in [([("Martlet-Position", token)], 77), ([], 0), ([("Martlet-Position", "x")], 0)]
      as [([(name: String, value: String)], UInt64)]
    {
      for (method, path) in [(.get, "/v1/products/7"), (.head, "/v1/products"), (.get, "/v1/products")] as [(HTTPMethod, String)] {
        let bench = try Bench(positions: tokens)
        _ = try await bench.send(method, path, headers)
        #expect(bench.operations.asked.first?.context.place?.position == position)
      }
    }
    let bench = try Bench()
    _ = try await bench.send(.get, "/v1/products", [("Martlet-Position", token)])
    #expect(bench.operations.asked.first?.context.place == nil)
  }

  @Test func aReplicaThatIsLeftOutIsToldAndNoFailure() async throws {
    let health = FakeHealth(states: [
      DependencyHealth(name: "store", isHealthy: true), DependencyHealth(name: "replica-1", isHealthy: false, isEssential: false),
    ])
    let whole = try await Bench(health: health).send(.get, "/health")
    #expect(whole.status == 200 && whole.text.contains(#""replica-1":{"status":"failing"}"#))
    #expect(try await Bench(health: health).send(.get, "/health/ready").status == 200)
  }
}
