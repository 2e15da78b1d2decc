import HTTP
import Testing

@testable import REST

@Suite("Documents that do not change")
struct StaticDocumentTests {
  private static let gzip: [(name: String, value: String)] = [("Accept-Encoding", "gzip")]

  private func bytes(_ received: Received) -> [UInt8] {
    if case .bytes(let bytes) = received.response.body { bytes } else { [] }
  }

  @Test(
    "each coding has a strong tag of its own, and is made once", arguments: ["/v1/openapi.json", "/v1/openapi.yaml", "/docs/app.js"],
    ["gzip", "br"])
  func codings(_ path: String, coding: String) async throws {
    let bench = try Bench()
    let plain = try await bench.send(.get, path)
    let first = try await bench.send(.get, path, [("Accept-Encoding", coding)])
    let second = try await bench.send(.get, path, [("Accept-Encoding", coding)])
    #expect(plain.header("content-encoding") == nil && first.header("content-encoding") == coding)
    #expect((bytes(first).prefix(2) == [0x1f, 0x8b]) == (coding == "gzip") && bytes(first).count < bytes(plain).count / 2)
    #expect(!first.response.mayCompress && !plain.response.mayCompress)
    let tags = [plain, first].compactMap { $0.header("etag") }
    #expect(tags.count == 2 && tags[0] != tags[1] && tags.allSatisfy { $0.hasPrefix("\"") })
    // The same memory, not only the same bytes.
    let one = bytes(first).withUnsafeBufferPointer { $0.baseAddress }
    let other = bytes(second).withUnsafeBufferPointer { $0.baseAddress }
    #expect(one == other)
  }

  @Test("a client that has this coding gets 304, in either method")
  func notModified() async throws {
    let bench = try Bench()
    for headers in [[], Self.gzip] {
      let tag = try #require(try await bench.send(.get, "/docs", headers).header("etag"))
      for method in [HTTPMethod.get, .head] {
        for sent in [tag, "W/" + tag, "\"x\", " + tag, "*"] {
          let received = try await bench.send(method, "/docs", headers + [("If-None-Match", sent)])
          #expect(received.status == 304 && bytes(received).isEmpty && received.header("etag") == tag)
          #expect(received.header("vary") == "Accept-Encoding" && received.header("content-encoding") == nil)
        }
      }
      #expect(try await bench.send(.get, "/docs", headers + [("If-None-Match", "\"x\"")]).status == 200)
      #expect(try await bench.send(.get, "/docs", headers + [("If-None-Match", "nonsense")]).status == 200)
    }
    let tag = try #require(try await bench.send(.get, "/docs").header("etag"))
    #expect(try await bench.send(.get, "/docs", Self.gzip + [("If-None-Match", tag)]).status == 200)
  }

  @Test("what is short is sent as it is")
  func short() async throws {
    #expect(try await Bench().send(.get, "/docs/icon.svg", Self.gzip).header("content-encoding") == nil)
  }
}
