import HTTP
import TestSupport
import Testing

/// Reads bytes as a connection would: request after request until one is refused or closes.
struct Reading {
  private var parser: HTTPParser
  private var body: [UInt8] = []
  private(set) var results: [String] = []
  private var isOver = false

  init(limits: HTTPLimits = HTTPLimits()) { parser = HTTPParser(limits: limits) }

  mutating func feed(_ bytes: ArraySlice<UInt8>) {
    let bytes = Array(bytes)
    var offset = 0
    while !isOver {
      let (consumed, event) = parser.consume(bytes.span.extracting(offset..<bytes.count))
      #expect(consumed <= bytes.count - offset)
      switch event {
      case .needsMore:
        #expect(consumed == bytes.count - offset)
        return
      case .head:
        break
      case .body(let range):
        #expect(range.upperBound <= bytes.count - offset && !range.isEmpty)
        body += bytes[(offset + range.lowerBound)..<(offset + range.upperBound)]
      case .end:
        results.append(summary())
        if !parser.head.keepsAlive { isOver = true }
        #expect(parser.bodyBytes == body.count)
        body = []
        parser.reset()
      case .failed(let error):
        results.append("\(error.status)")
        #expect(parser.consume(bytes.span).event == .failed(error))
        isOver = true
      }
      offset += consumed
    }
  }

  private func summary() -> String {
    let head = parser.head
    var text = "\(head.method.name) \(String(decoding: head.bytes[head.target], as: UTF8.self))"
    if !body.isEmpty { text += " " + String(decoding: body, as: UTF8.self) }
    return head.keepsAlive ? text : text + " close"
  }

  /// All that was read; `...` stands for a request that is not whole.
  var outcome: [String] { isOver || (!parser.isInside && !results.isEmpty) ? results : results + ["..."] }
}

@Suite struct HTTPParserTests {
  /// A head remembers how long its names are, up to a bound.
  @Test func fieldsAreFoundByNamesOfAnyLength() throws {
    let long = String(repeating: "x", count: 62)
    let request = try HTTPRequest(
      .get, "/", headers: [("A", "1"), (long, "62"), (long + "y", "63"), (long + "yz", "64"), (long + "yz", "again"), ("Accept", "*/*")])
    #expect(request.header("a") == "1")
    #expect(request.header("b") == nil)
    #expect(request.header("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") == "62")
    #expect(request.header("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy") == "63")
    #expect(request.header("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyz") == "64")
    #expect(request.isRepeated("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyz"))
    #expect(request.header("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyzz") == nil)
    #expect(!request.hasHeader("if-match") && !request.isRepeated("accept") && request.header("accept") == "*/*")
  }

  @Test func theTableIsLongEnough() {
    #expect(RawRequest.all.count >= 150)
    #expect(Set(RawRequest.all.map(\.bytes)).count >= RawRequest.all.count - 8)
  }

  @Test(arguments: RawRequest.all)
  func aRequestIsReadAsTheTableSays(request: RawRequest) {
    var reading = Reading()
    reading.feed(request.bytes[...])
    #expect(reading.outcome == request.expected)
  }

  @Test(arguments: RawRequest.all)
  func whereItIsSplitMakesNoDifference(request: RawRequest) {
    let bytes = request.bytes
    // Long ones are made long by repetition: every place near their ends, and some between.
    let places =
      bytes.count < 2000 ? Array(0...bytes.count) : Array(0...200) + Array((bytes.count - 200)...bytes.count) + [1023, 1024, 1025, 8192]
    for place in places where place <= bytes.count {
      var reading = Reading()
      reading.feed(bytes[..<place])
      reading.feed(bytes[place...])
      if reading.outcome != request.expected { #expect(reading.outcome == request.expected, "split at \(place)") }
    }
  }

  @Test(arguments: RawRequest.all)
  func aByteAtATimeMakesNoDifference(request: RawRequest) {
    var reading = Reading()
    for index in request.bytes.indices { reading.feed(request.bytes[index...index]) }
    #expect(reading.outcome == request.expected)
  }

  @Test func theHeadTellsItsParts() throws {
    var parser = HTTPParser(limits: HTTPLimits())
    let text = Array("GET http://Shop.example:81/a%20b?c=d HTTP/1.1\r\nHost: other\r\nACCEPT:  x \r\nAccept: y\r\n\r\nrest".utf8)
    let (consumed, event) = parser.consume(text.span)
    #expect(event == .head)
    #expect(consumed == text.count - 4)
    let request = HTTPRequest(head: parser.head)
    #expect(request.method == .get)
    #expect(request.path == "/a%20b")
    #expect(request.query == "c=d")
    #expect(request.authority == "Shop.example:81")
    #expect(request.header("accept") == "x")
    #expect(request.headers("accept") == ["x", "y"])
    #expect(request.header("absent") == nil)
    #expect(request.headers.map(\.name) == ["Host", "ACCEPT", "Accept"])
  }

  @Test func buffersAreUsedAgainOnlyWhenNobodyHoldsThem() {
    var parser = HTTPParser(limits: HTTPLimits())
    let first = Array("GET /first HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    let second = Array("GET /second HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    _ = parser.consume(first.span)
    let held = HTTPRequest(head: parser.head)
    _ = parser.consume(first.span.extracting(0..<0))
    parser.reset()
    _ = parser.consume(second.span)
    #expect(held.path == "/first")
    #expect(HTTPRequest(head: parser.head).path == "/second")
  }

  @Test func limitsAreTheOnesGiven() {
    var limits = HTTPLimits()
    limits.headerCountMax = 2
    limits.targetBytesMax = 10
    limits.headerBytesMax = 100
    limits.bodyBytesMax = 5
    func outcome(_ text: String) -> [String] {
      var reading = Reading(limits: limits)
      reading.feed(Array(text.utf8)[...])
      return reading.outcome
    }
    #expect(outcome("GET /23456789A HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n") == ["GET /23456789A"])
    #expect(outcome("GET /23456789AB HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n") == ["414"])
    #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n") == ["431"])
    #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\nA: \(String(repeating: "b", count: 86))\r\n\r\n") == ["GET /"])
    #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\nA: \(String(repeating: "b", count: 87))\r\n\r\n") == ["431"])
    #expect(outcome("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello") == ["PUT / hello"])
    #expect(outcome("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhello!") == ["413"])
    #expect(outcome("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n") == ["413"])
  }

  @Test func randomBytesNeverTrap() {
    var random = SplitMix64(seed: 20_260_730)
    let seeds = RawRequest.all.map(\.bytes).filter { $0.count < 400 && !$0.isEmpty }
    for _ in 0..<20_000 {
      var bytes = seeds[Int(random.next() % UInt64(seeds.count))]
      for _ in 0..<(1 + random.next() % 4) {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        default: if bytes.count > 1 { bytes.remove(at: place) }
        }
      }
      var whole = Reading()
      whole.feed(bytes[...])
      let place = Int(random.next() % UInt64(bytes.count))
      var split = Reading()
      split.feed(bytes[..<place])
      split.feed(bytes[place...])
      if whole.outcome != split.outcome { #expect(whole.outcome == split.outcome, "\(bytes)") }
    }
  }
}
