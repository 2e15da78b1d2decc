import HTTP
import Reactor
import Synchronization
import Testing

@Suite struct HTTPResponseBodyTests {
  @Test func largeBodiesArriveWhole() async throws {
    let size = 5_000_000
    try await withServer(handler: { _ in HTTPResponse(200, body: .bytes([UInt8](repeating: 0x61, count: size))) }) { live in
      let client = try live.connect()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      let answer = await client.receive()
      #expect(answer.utf8.count(where: { $0 == UInt8(ascii: "a") }) >= 2 * size)
      #expect(answer.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
    }
  }

  @Test func aStreamIsChunked() async throws {
    let stream = HTTPResponse.Body.stream(length: nil) { writer in
      try await writer.write(Array("hello ".utf8))
      await Task.yield()
      try await writer.write([])
      try await writer.write(Array("to everyone here".utf8))
    }
    try await withServer(handler: { _ in HTTPResponse(200, body: stream) }) { live in
      let answer = try await live.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(answer.hasSuffix("Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n10\r\nto everyone here\r\n0\r\n\r\n"))
      let old = try await live.connect().exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      #expect(old.hasSuffix("Connection: close\r\n\r\nhello to everyone here"))
      let head = try await live.connect().exchange("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(head.hasSuffix("Transfer-Encoding: chunked\r\n\r\n"))
    }
  }

  @Test func aStreamOfAKnownLengthIsNotChunked() async throws {
    try await withServer(handler: { _ in
      HTTPResponse(200, body: .stream(length: 5) { try await $0.write(Array("hello".utf8)) })
    }) { live in
      let answer = try await live.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(answer.hasSuffix("Content-Length: 5\r\n\r\nhello"))
    }
  }

  @Test(arguments: [4, 6])
  func aStreamOfAnotherLengthThanItSaysIsCutOff(length: Int) async throws {
    try await withServer(handler: { _ in
      HTTPResponse(200, body: .stream(length: length) { try await $0.write(Array("hello".utf8)) })
    }) { live in
      let client = try live.connect()
      let answer = await client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.components(separatedBy: "HTTP/1.1").count <= 2)
    }
  }

  @Test func aStreamThatFailsHasNoEnd() async throws {
    struct Broken: Error {}
    let gate = Box(Mutex(false))
    try await withServer(handler: { _ in
      HTTPResponse(
        200,
        body: .stream(length: nil) { writer in
          try await writer.write(Array("hello".utf8))
          while !gate.value.withLock({ $0 }) { await Task.yield() }
          throw Broken()
        })
    }) { live in
      let client = try live.connect()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      let first = await client.receive(until: "hello\r\n")
      gate.value.withLock { $0 = true }
      #expect(first.hasSuffix("5\r\nhello\r\n"))
      #expect(await client.receive() == "")
    }
  }

  @Test func aSlowReaderHoldsItsHandlerAndNotTheMemory() async throws {
    let written = Box(Mutex(0))
    try await withServer(
      configure: { $0.limits.outputBytesMax = 100_000 },
      handler: { _ in
        HTTPResponse(
          200,
          body: .stream(length: nil) { writer in
            for _ in 0..<2000 {
              try await writer.write([UInt8](repeating: 0x61, count: 10_000))
              written.value.withLock { $0 += 10_000 }
            }
          })
      }
    ) { live in
      let client = try Client(live.address, receiveBuffer: 4096)
      await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      // Others are served meanwhile, and the writer stands still at what the kernel and the buffer hold.
      var last = -1
      while true {
        _ = try await live.connect().exchange("HEAD /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let now = written.value.withLock { $0 }
        if now == last && now > 0 { break }
        last = now
      }
      #expect(last < 10_000_000)
      let answer = await client.receive()
      #expect(answer.utf8.count(where: { $0 == UInt8(ascii: "a") }) >= 20_000_000)
      #expect(answer.hasSuffix("0\r\n\r\n"))
    }
  }

  @Test func whatIsLongEnoughIsCompressedForWhoTakesIt() async throws {
    let body = Array(String(repeating: "compress me ", count: 200).utf8)
    let short = Array("short".utf8)
    try await withServer(handler: { request in
      var response = HTTPResponse(200, body: .bytes(request.path == "/short" ? short : body))
      if request.path == "/never" { response.mayCompress = false }
      if request.path == "/exposed" { response.headers.add("Access-Control-Expose-Headers", "Accept-Encoding") }
      if request.path == "/vary" { response.headers.add("Vary", "Origin, accept-Encoding") }
      return response
    }) { live in
      func get(_ path: String, _ accept: String) async throws -> String {
        try await live.connect().exchange(
          "GET \(path) HTTP/1.1\r\nHost: a\r\n\(accept)Connection: close\r\n\r\n"
        ).withoutDate
      }
      let gzip = "Accept-Encoding: br;q=0.5, gzip;q=0.8\r\n"
      let compressed = try await get("/", gzip)
      #expect(compressed.contains("Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n"))
      #expect(compressed.utf8.count < 400)
      #expect(
        try await get("/", "").hasSuffix(
          "Vary: Accept-Encoding\r\nConnection: close\r\nContent-Length: 2400\r\n\r\n" + String(decoding: body, as: UTF8.self)))
      #expect(try await get("/", "Accept-Encoding: gzip;q=0\r\n").contains("Content-Length: 2400"))
      #expect(try await get("/short", gzip).hasSuffix("Content-Length: 5\r\n\r\nshort"))
      #expect(try await get("/never", gzip).contains("200 OK\r\nConnection: close\r\nContent-Length: 2400\r\n"))
      #expect(try await get("/vary", gzip).components(separatedBy: "Vary").count == 2)
      #expect(try await get("/exposed", gzip).contains("Vary: Accept-Encoding\r\n"))
    }
  }

  @Test("however many requests a client sends at once, only some are read ahead") func pipelineBound() async throws {
    let sent = Box(Atomic<Int>(0))
    let handled = Box(Atomic<Int>(0))
    let farthest = Box(Atomic<Int>(0))
    let filler = String(repeating: "x", count: 12_000)
    let request = Array("GET / HTTP/1.1\r\nHost: a\r\nX: \(filler)\r\n\r\n".utf8)
    let count = 3000
    try await withServer(handler: { _ in
      let done = handled.value.wrappingAdd(request.count, ordering: .relaxed).newValue
      let ahead = sent.value.load(ordering: .relaxed) - done
      // As a handler that asks a store: the loop may read meanwhile.
      await offPool {}
      if ahead > farthest.value.load(ordering: .relaxed) { farthest.value.store(ahead, ordering: .relaxed) }
      return .text(200, "x")
    }) { live in
      let client = try live.connect()
      async let answers = client.receive(until: "never")
      let piece = Array(repeatElement(request, count: 100).joined())
      for _ in 0..<count / 100 {
        await client.send(piece)
        sent.value.wrappingAdd(piece.count, ordering: .relaxed)
      }
      client.shutDown()
      #expect(await answers.split(separator: "HTTP/1.1 200 OK").count == count)
    }
    // What the kernel holds on both sides, and what may wait.
    #expect(farthest.value.load(ordering: .relaxed) < 16 << 20)
  }
}
