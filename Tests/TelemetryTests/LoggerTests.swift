import Base
import Glibc
import Synchronization
import Telemetry
import Testing

/// A pipe whose reader is the test.
final class LogPipe: Sendable {
  let reader: Int32
  let writer: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    (reader, writer) = (ends[0], ends[1])
  }

  /// Everything up to the end; closes the writing side first.
  func readAll() -> String {
    close(writer)
    return String(decoding: readToEnd(), as: UTF8.self)
  }

  /// Everything until somebody closes the writing side.
  func readToEnd() -> [UInt8] {
    var out: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(reader, &chunk, chunk.count)
      guard count > 0 else { break }
      out.append(contentsOf: chunk[..<count])
    }
    close(reader)
    return out
  }
}

struct FixedClock: Clock {
  var now = Timestamp(microseconds: 1_769_853_600_000_000)
  var monotonicNanoseconds: UInt64 = 0
}

@Suite struct LoggerTests {
  private func lines(
    _ format: LogFormat, level: LogLevel = .info, colour: Bool = false, _ write: (Logger) -> Void
  ) throws -> [String] {
    let pipe = try LogPipe()
    let logger = Logger(level: level, format: format, colour: colour, writer: LogWriter(descriptor: pipe.writer), clock: FixedClock())
    write(logger)
    logger.close()
    return pipe.readAll().split(separator: "\n").map(String.init)
  }

  @Test func aRequestIsOneJSONLine() throws {
    let entry = RequestLog(
      method: "GET", route: "/v1/orders/{id}", status: 200, durationNanoseconds: 1_234_567, bytes: 512, caller: UUID(high: 1, low: 2),
      requestID: "r-1", statements: 3)
    #expect(
      try lines(.json) { $0.request(entry) } == [
        #"{"time":"2026-01-31T10:00:00Z","level":"info","message":"request","method":"GET","route":"/v1/orders/{id}","status":200,"#
          + #""duration_ms":1.234,"bytes":512,"statements":3,"request_id":"r-1","#
          + #""caller":"00000000-0000-0001-0000-000000000002"}"#
      ])
  }

  @Test func peopleReadText() throws {
    let written = try lines(.text) {
      $0.warning("slow", [LogField("took", .duration(nanoseconds: 2_000_000)), LogField("what", .cause("a b"))])
    }
    #expect(written == [#"2026-01-31T10:00:00Z warning slow took=2.000ms what="a b""#])
  }

  @Test func colourIsOnlyForText() throws {
    #expect(try lines(.text, colour: true) { $0.error("x") }[0].contains("\u{1B}[31m"))
    #expect(try lines(.json, colour: true) { $0.error("x") }[0].contains("\u{1B}") == false)
    let pipe = try LogPipe()
    #expect(LogWriter.wantsColour(descriptor: pipe.writer) == false)
    _ = pipe.readAll()
  }

  @Test(arguments: [LogFormat.json, .text]) func aHostileValueStaysOnItsLine(format: LogFormat) throws {
    let written = try lines(format) {
      $0.info("x", [LogField("cause", .cause("a\n{\"level\":\"error\"}\r\u{1B}[2J\u{7f}\u{9b}\u{2028}\"\\"))])
    }
    #expect(written.count == 1)
    #expect(written[0].contains(#"a\n{\"level\":\"error\"}\u000d\u001b[2J\u007f\u009b\u2028\"\\"#))
  }

  @Test func longTextsAreCut() throws {
    let written = try lines(.json) { $0.info("x", [LogField("cause", .cause(String(repeating: "a", count: 100_000)))]) }
    #expect(written[0].utf8.count < LogValue.textBytesMax + 200)
    #expect(written[0].hasSuffix("...\"}"))
  }

  @Test func linesBelowTheLevelAreNotWritten() throws {
    let written = try lines(.json, level: .warning) {
      $0.info("no")
      $0.warning("yes")
      $0.error("yes")
    }
    #expect(written.count == 2)
  }

  @Test func aServerErrorIsAnError() throws {
    let entry = RequestLog(
      method: "GET", route: "/", status: 500, durationNanoseconds: 0, bytes: 0, caller: nil, requestID: "r", statements: 0,
      cause: "disk")
    let written = try lines(.json, level: .error) { $0.request(entry) }
    #expect(written.count == 1)
    #expect(written[0].hasSuffix(#""request_id":"r","cause":"disk"}"#))
  }

  @Test("a refusal for want of room is no error, a database that is away is", arguments: [(nil as String?, 0), ("unavailable: gone", 1)])
  func refusals(cause: String?, errors: Int) throws {
    let entry = RequestLog(
      method: "GET", route: "/", status: 503, durationNanoseconds: 0, bytes: 0, caller: nil, requestID: "r", statements: 0, cause: cause)
    #expect(try lines(.json, level: .error) { $0.request(entry) }.count == errors)
    #expect(try lines(.json) { $0.request(entry) }.count == 1)
  }

  @Test("what no server does is no error of ours", arguments: [501, 505]) func unknownMethods(_ status: Int) throws {
    let entry = RequestLog(
      method: "other", route: "unmatched", status: status, durationNanoseconds: 0, bytes: 0, caller: nil, requestID: "r", statements: 0)
    #expect(try lines(.json, level: .notice) { $0.request(entry) }.isEmpty)
    #expect(try lines(.json) { $0.request(entry) }.count == 1)
  }

  @Test func everyKindHasItsForm() throws {
    let fields = [
      LogField("a", .integer(-5)), LogField("b", .number(1.5)), LogField("c", .boolean(true)), LogField("d", .number(.nan)),
      LogField("e", .name("orders")),
    ]
    #expect(try lines(.json) { $0.notice("x", fields) }[0].hasSuffix(#""message":"x","a":-5,"b":1.5,"c":true,"d":null,"e":"orders"}"#))
    #expect(try lines(.text, level: .debug) { $0.debug("x", fields) }[0].hasSuffix("debug   x a=-5 b=1.5 c=true d=null e=orders"))
  }

  @Test func levelsHaveNames() {
    #expect(LogLevel(name: "warning") == .warning)
    #expect(LogLevel(name: "loud") == nil)
  }

  @Test func aStalledReaderCostsLinesAndNotTime() throws {
    let pipe = try LogPipe()
    let logger = Logger(level: .info, format: .json, colour: false, writer: LogWriter(descriptor: pipe.writer), clock: FixedClock())
    let text = String(repeating: "x", count: 2000)
    // Nobody reads: the pipe holds 64 KiB, the writer's batch and the pending bytes hold at most 1 MiB each.
    for _ in 0..<3000 { logger.info("filler", [LogField("cause", .cause(text))]) }
    #expect(logger.droppedLines > 0)
    let dropped = logger.droppedLines
    let newlines = Atomic<Int>(0)
    let reader = try SystemThread {
      newlines.store(pipe.readToEnd().count { $0 == UInt8(ascii: "\n") }, ordering: .relaxed)
    }
    logger.close(timeoutMilliseconds: 10_000)
    close(pipe.writer)
    reader.join()
    #expect(newlines.load(ordering: .relaxed) == 3000 - dropped)
  }

  @Test func droppedLinesAreSaid() throws {
    let pipe = try LogPipe()
    let logger = Logger(level: .info, format: .json, colour: false, writer: LogWriter(descriptor: pipe.writer), clock: FixedClock())
    let text = String(repeating: "x", count: 2000)
    for _ in 0..<3000 { logger.info("filler", [LogField("cause", .cause(text))]) }
    let dropped = logger.droppedLines
    try #require(dropped > 0)
    // Read until the backlog is gone, then the next line is preceded by the count.
    var backlog = 3000 - dropped
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while backlog > 0 {
      let count = read(pipe.reader, &chunk, chunk.count)
      try #require(count > 0)
      backlog -= chunk[..<count].count { $0 == UInt8(ascii: "\n") }
    }
    logger.info("after")
    logger.close()
    let rest = pipe.readAll()
    #expect(rest.contains(#""level":"warning","message":"log lines dropped","lines":\#(dropped)}"#))
    #expect(rest.contains(#""message":"after"}"#))
  }

  /// By a socket whose packets are what was written at once.
  @Test func aFloodOfWarningsIsWrittenInFewPieces() throws {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
    let (near, far) = (ends[0], ends[1])
    let pieces = Atomic<Int>(0)
    let newlines = Atomic<Int>(0)
    let reader = try SystemThread {
      var chunk = [UInt8](repeating: 0, count: 1 << 20)
      while case let count = read(near, &chunk, chunk.count), count > 0 {
        pieces.add(1, ordering: .relaxed)
        newlines.add(chunk[..<count].count { $0 == UInt8(ascii: "\n") }, ordering: .relaxed)
      }
    }
    let clock = ContinuousClock()
    let began = clock.now
    let logger = Logger(level: .info, format: .json, colour: false, writer: LogWriter(descriptor: far), clock: FixedClock())
    var lines = 0
    // One each 200 us, so that even all of them fit one packet.
    while clock.now - began < .milliseconds(300) {
      if clock.now - began > .microseconds(200) * lines {
        logger.warning("again")
        lines += 1
      }
    }
    logger.close(timeoutMilliseconds: 10_000)
    let elapsed = clock.now - began
    close(far)
    reader.join()
    close(near)
    #expect(newlines.load(ordering: .relaxed) == lines)
    let piecesMax = Int(elapsed / .milliseconds(LogWriter.gatheringMilliseconds)) + 3
    #expect(pieces.load(ordering: .relaxed) <= piecesMax, "\(lines) lines in \(elapsed)")
  }
}
