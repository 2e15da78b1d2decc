@testable import HTTP
import Testing

@Suite struct CodingTests {
  @Test(
    "the coding that is liked best is taken",
    arguments: [
      ("gzip", .gzip), ("GZIP", .gzip), ("x-gzip", .gzip), ("deflate, gzip;q=0.5", .gzip), ("gzip;q=1.0", .gzip),
      ("gzip;q=0.001", .gzip), ("gzip; q=0.5", .gzip), ("gzip;q=0.5, identity;q=0.5", .gzip), ("gzip;q=0.5, identity;q=0.6", nil),
      ("gzip;q=0", nil), ("gzip;q=0.000", nil), ("gzip;q=x", nil), ("gzip;q=2", nil), ("gzip;q", nil), ("gzipx", nil),
      ("br", .brotli), ("BR", .brotli), ("gzip, deflate, br", .brotli), ("gzip, deflate, br, zstd", .brotli),
      ("br;q=0.5, gzip;q=0.5", .brotli), ("br;q=0.4, gzip;q=0.5", .gzip), ("br;q=0, gzip", .gzip), ("br;q=0.5, identity", nil),
      ("br;q=0.5, identity;q=0.5", .brotli), ("br;q=0", nil), ("brx", nil), ("br;q=x", nil),
      ("*", .gzip), ("*;q=0.1", .gzip), ("*;q=0", nil), ("br;q=0, *", .gzip), ("br;q=0.5, *", .gzip), ("gzip;q=0, *", .brotli),
      ("br;q=0.5, *;q=0.4", .brotli), ("gzip;q=0, br;q=0, *", nil), ("identity;q=0, *", .gzip), ("identity;q=0, *;q=0", nil),
      ("identity", nil), ("", nil), ("deflate", nil), (",,", nil),
    ] as [(String, BodyCoding?)])
  func liking(value: String, coding: BodyCoding?) throws {
    let request = try HTTPRequest(.get, "/", headers: [("Accept-Encoding", value)])
    #expect(request.acceptedCoding == coding)
  }

  @Test(
    "what is not coded can be refused",
    arguments: [
      ("gzip, identity;q=0", true), ("br, *;q=0", true), ("br, identity;q=0.000", true), ("identity;q=0, *", true),
      ("gzip", false), ("gzip, identity;q=0.001, *;q=0", false), ("identity;q=0", false), ("*;q=0", false), ("", false),
      ("identity;q=0, deflate", false), ("gzip;q=0, identity;q=0", false),
    ])
  func refusal(value: String, isDemanded: Bool) throws {
    #expect(try HTTPRequest(.get, "/", headers: [("Accept-Encoding", value)]).demandsCoding == isDemanded)
  }

  @Test func fieldsOfOneNameAreOneList() throws {
    let request = try HTTPRequest(.get, "/", headers: [("Accept-Encoding", "gzip;q=0.5"), ("accept-encoding", "br, identity;q=0")])
    #expect(request.acceptedCoding == .brotli && request.demandsCoding)
  }

  @Test func withoutTheFieldNothingIsCompressed() throws {
    #expect(try HTTPRequest(.get, "/").acceptedCoding == nil)
    #expect(try !HTTPRequest(.get, "/").demandsCoding)
  }

  @Test(arguments: [BodyCoding.gzip, .brotli])
  func whatIsNotMadeSmallerIsSentAsItIs(coding: BodyCoding) throws {
    #expect(HTTPResponse.compressed([], coding) == nil)
    #expect(HTTPResponse.compressed([1, 2, 3], coding) == nil)
    let same = [UInt8](repeating: 7, count: 10_000)
    let compressed = try #require(HTTPResponse.compressed(same, coding))
    #expect(compressed.count < 100)
    #expect(try Decoder(coding).read(compressed) == same)
  }

  @Test func aRequestMadeByHandGoesThroughTheParser() throws {
    let request = try HTTPRequest(.query, "/v1/orders?limit=1", headers: [("Accept", "a/b")], body: [0x7b, 0x7d], peer: "::1")
    #expect(request.path == "/v1/orders" && request.query == "limit=1" && request.header("accept") == "a/b")
    #expect(request.authority == "localhost" && request.peer == "::1" && request.method == .query)
    #expect(throws: HTTPParseError.self) { try HTTPRequest(.get, "/a b") }
    #expect(throws: HTTPParseError.self) { try HTTPRequest(.get, "/", headers: [("A", "b\r\n\r\nc")]) }
  }

  @Test func aBodyThatIsThereIsLimitedToo() async throws {
    let request = try HTTPRequest(.post, "/", body: [1, 2, 3])
    #expect(try await request.body.collect(upTo: 3) == [1, 2, 3])
    await #expect(throws: HTTPBodyError.tooLarge(limit: 2)) { try await request.body.collect(upTo: 2) }
    var reader = request.body.makeReader()
    #expect(try await reader.next() == [1, 2, 3])
    #expect(try await reader.next() == nil)
  }

  @Test func headersAreFoundInAnyCase() {
    var headers = HTTPHeaders("Content-Type: a/b\r\n")
    headers.add("ETag", "\"1\"" as String)
    headers.add("Age", 17)
    #expect(headers.first("etag") == "\"1\"")
    #expect(headers.first("content-type") == "a/b")
    #expect(headers.first("AGE") == "17")
    #expect(headers.first("x") == nil)
  }
}
