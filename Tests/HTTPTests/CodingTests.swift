import HTTP
import Testing

@Suite struct CodingTests {
  @Test(arguments: [
    ("gzip", true), ("GZIP", true), ("x-gzip", true), ("gzip, deflate, br", true), ("deflate, gzip;q=0.5", true),
    ("gzip;q=1.0", true), ("gzip;q=0.001", true), ("gzip; q=0.5", true), ("*", true), ("*;q=0.1", true),
    ("gzip;q=0.5, identity;q=0.5", true), ("identity", false), ("", false), ("deflate", false), ("gzip;q=0", false),
    ("gzip;q=0.000", false), ("*;q=0", false), ("gzip;q=0, *", false), ("gzip;q=0.5, identity;q=0.6", false),
    ("gzip;q=x", false), ("gzip;q=2", false), ("gzip;q", false), ("gzipx", false), ("br", false), (",,", false),
  ])
  func gzipIsTakenWhereItIsAcceptable(value: String, isTaken: Bool) throws {
    let request = try HTTPRequest(.get, "/", headers: [("Accept-Encoding", value)])
    #expect(request.acceptsGzip == isTaken)
  }

  @Test func withoutTheFieldNothingIsCompressed() throws {
    #expect(try !HTTPRequest(.get, "/").acceptsGzip)
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
