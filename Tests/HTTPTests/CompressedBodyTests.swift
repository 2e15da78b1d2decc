import Base
import HTTP
import Synchronization
import TestSupport
import Testing

/// Bodies that are sent in a coding, read with that coding's own library.
@Suite(.timeLimit(.minutes(5))) struct CompressedBodyTests {
  private static let codings: [(coding: BodyCoding, name: String)] = [(.gzip, "gzip"), (.brotli, "br")]
  private static let close = "Connection: close\r\n\r\n"

  private struct Received {
    let head: String
    let body: [UInt8]

    init(_ bytes: [UInt8]) {
      let end = bytes.indices.first { bytes[$0...].starts(with: "\r\n\r\n".utf8) } ?? bytes.count
      head = String(decoding: bytes[..<min(bytes.count, end + 2)], as: UTF8.self)
      body = Array(bytes.dropFirst(end + 4))
    }
  }

  private static func ask(
    _ live: LiveServer, _ method: String, _ path: String, accept: String, version: String = "1.1"
  ) async throws -> Received {
    let client = try live.connect()
    await client.send("\(method) \(path) HTTP/\(version)\r\nHost: a\r\nAccept-Encoding: \(accept)\r\n\(close)")
    return Received(await client.receiveBytes())
  }

  /// Bytes of which some can be guessed: of records, of noise, or of one byte.
  private static func content(_ count: Int, _ random: inout SplitMix64) -> [UInt8] {
    let kind = random.next() % 3
    return (0..<count).map { place in
      switch kind {
      case 0: UInt8(truncatingIfNeeded: random.next())
      case 1: UInt8(ascii: "a")
      default: UInt8(truncatingIfNeeded: 0x20 + (place % 37) + (place % 11 == 0 ? Int(random.next() % 9) : 0))
      }
    }
  }

  @Test("are what was meant, whatever they are and however long") func roundTrip() async throws {
    var random = SplitMix64(seed: 7)
    let sizes = [1, 2, 1023, 1024, 1025, 4096, 65_535, 65_536, 65_537, 131_073, 1_000_003]
    let bodies = sizes.flatMap { size in (0..<3).map { _ in CompressedBodyTests.content(size, &random) } }
    try await withServer(handler: { request in
      HTTPResponse(200, body: .bytes(bodies[Int(request.path.dropFirst()) ?? 0]))
    }) { live in
      for (coding, name) in CompressedBodyTests.codings {
        for (place, body) in bodies.enumerated() {
          let answer = try await CompressedBodyTests.ask(live, "GET", "/\(place)", accept: name)
          let isCoded = answer.head.contains("Content-Encoding: \(name)\r\n")
          #expect(!isCoded || body.count >= 1024)
          #expect(answer.head.contains("Content-Length: \(answer.body.count)\r\n"))
          #expect(try (isCoded ? Decoder(coding).read(answer.body) : answer.body) == body)
          #expect(!isCoded || answer.body.count < body.count)
        }
      }
    }
  }

  @Test("are coded at any length for who refuses them as they are", arguments: [0, 1, 100, 1023, 5000])
  func demanded(size: Int) async throws {
    var random = SplitMix64(seed: UInt64(size))
    let noise = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    try await withServer(handler: { request in
      var response = HTTPResponse(200, body: .bytes(noise))
      response.mayCompress = request.path != "/never"
      return response
    }) { live in
      for (coding, name) in CompressedBodyTests.codings {
        let answer = try await CompressedBodyTests.ask(live, "GET", "/", accept: "\(name), identity;q=0")
        #expect(answer.head.contains("Content-Encoding: \(name)\r\n") == (size > 0))
        #expect(answer.head.contains("Vary: Accept-Encoding\r\n") == (size > 0))
        #expect(try size == 0 ? answer.body.isEmpty : Decoder(coding).read(answer.body) == noise)
        let head = try await CompressedBodyTests.ask(live, "HEAD", "/", accept: "\(name), *;q=0")
        #expect(head.head.contains("Content-Encoding: \(name)\r\n") == (size > 0) && head.body.isEmpty)
        // No coding that we have: better what cannot be read than nothing.
        for accept in ["identity;q=0", "zstd, *;q=0"] {
          #expect(try await CompressedBodyTests.ask(live, "GET", "/", accept: accept).body == noise)
        }
        #expect(try await CompressedBodyTests.ask(live, "GET", "/never", accept: "\(name), identity;q=0").body == noise)
      }
    }
  }

  @Test("have no coding where there is no body", arguments: [204, 304])
  func nothing(status: Int) async throws {
    try await withServer(handler: { _ in HTTPResponse(status, body: .bytes([UInt8](repeating: 0x61, count: 5000))) }) { live in
      for (_, name) in CompressedBodyTests.codings {
        let answer = try await CompressedBodyTests.ask(live, "GET", "/", accept: name)
        #expect(!answer.head.contains("Content-Encoding") && answer.body.isEmpty)
      }
    }
  }

  @Test("can be read as they come, each piece when it was written") func flush() async throws {
    let pieces = [Array("{\"first\":1}\n".utf8), Array(repeatElement(Array("{\"second\":2}\n".utf8), count: 20_000).joined()), [0x7b]]
    for (coding, name) in CompressedBodyTests.codings {
      let gate = Box(Mutex(0))
      let stream = HTTPResponse.Body.stream(length: nil) { writer in
        for (place, piece) in pieces.enumerated() {
          // Only when the reader has all that was written before.
          while gate.value.withLock({ $0 }) < place { await Task.yield() }
          try await writer.write(piece)
        }
        while gate.value.withLock({ $0 }) < pieces.count { await Task.yield() }
      }
      try await withServer(handler: { _ in HTTPResponse(200, body: stream) }) { live in
        let client = try live.connect()
        await client.send("GET / HTTP/1.0\r\nAccept-Encoding: \(name)\r\n\r\n")
        var received: [UInt8] = []
        repeat { received += await client.receiveSome() } while !String(decoding: received, as: UTF8.self).contains("\r\n\r\n")
        let decoder = Decoder(coding)
        let first = Received(received)
        #expect(first.head.contains("Content-Encoding: \(name)\r\n") && first.head.contains("Vary: Accept-Encoding\r\n"))
        var text = try decoder.next(first.body)
        for place in pieces.indices {
          let wanted = pieces[...place].map(\.count).reduce(0, +)
          while text.count < wanted {
            let more = await client.receiveSome()
            try #require(!more.isEmpty, "piece \(place) does not come")
            text += try decoder.next(more)
          }
          #expect(text.count == wanted)
          gate.value.withLock { $0 = place + 1 }
        }
        text += try decoder.next(await client.receiveBytes())
        #expect(decoder.isEnded && text == Array(pieces.joined()))
      }
    }
  }

  @Test("are chunked as any stream, and HEAD says what GET would") func chunks() async throws {
    let text = String(repeating: "the same again and again; ", count: 10_000)
    let stream = HTTPResponse.Body.stream(length: nil) { writer in
      for _ in 0..<4 { try await writer.write(Array(text.utf8)) }
    }
    try await withServer(handler: { request in
      var response = HTTPResponse(200, body: stream)
      response.mayCompress = request.path != "/plain"
      return response
    }) { live in
      for (coding, name) in CompressedBodyTests.codings {
        let answer = try await CompressedBodyTests.ask(live, "GET", "/", accept: name)
        #expect(answer.head.contains("Content-Encoding: \(name)\r\n") && answer.head.contains("Transfer-Encoding: chunked\r\n"))
        #expect(answer.body.count < text.utf8.count / 10 && answer.body.suffix(7) == Array("\r\n0\r\n\r\n".utf8))
        #expect(try Decoder(coding).read(CompressedBodyTests.joined(answer.body)) == Array(String(repeating: text, count: 4).utf8))
        let plain = try await CompressedBodyTests.ask(live, "GET", "/plain", accept: name)
        #expect(plain.body.count > 4 * text.utf8.count && !plain.head.contains("Content-Encoding"))
        let head = try await CompressedBodyTests.ask(live, "HEAD", "/", accept: name)
        #expect(head.head.contains("Content-Encoding: \(name)\r\n") && head.head.hasSuffix("Transfer-Encoding: chunked\r\n"))
      }
    }
  }

  /// The data of chunks.
  private static func joined(_ bytes: [UInt8]) throws -> [UInt8] {
    var out: [UInt8] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 0x0d) {
      let size = try #require(Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16))
      out += rest[(end + 2)..<(end + 2 + size)]
      rest = rest[(end + 2 + size + 2)...]
    }
    return out
  }

  @Test("made for a slow reader stay small, and all is given back") func slowReader() async throws {
    var random = SplitMix64(seed: 3)
    let noise = (0..<100_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for (_, name) in CompressedBodyTests.codings {
      let memory = MemoryBudget(limit: 1 << 30)
      let most = Box(Atomic(0))
      let stream = HTTPResponse.Body.stream(length: nil) { writer in
        while true {
          try await writer.write(noise)
          most.value.max(memory.held, ordering: .relaxed)
        }
      }
      try await withServer(configure: { $0.memory = memory }, handler: { _ in HTTPResponse(200, body: stream) }) { live in
        let client = try Client(live.address, receiveBuffer: 4096)
        await client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: \(name)\r\n\r\n")
        var count = 0
        while count < 5_000_000 {
          let piece = await client.receiveSome()
          try #require(!piece.isEmpty)
          count += piece.count
        }
        #expect(memory.held >= 256 << 10)
        client.reset()
      }
      #expect(most.value.load(ordering: .relaxed) < 3 << 20)
      #expect(memory.held == 0)
    }
  }
}
