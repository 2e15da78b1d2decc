import Base
import HTTP
import TestSupport

/// One request that a simulated client sends, and what the simulated handler makes of it.
struct SimulatedRequest: Sendable {
  enum Handling: Sendable, CaseIterable {
    /// Answers at once.
    case prompt
    /// Answers after a while.
    case late
    /// Reads the whole body and sends it back.
    case collect
    /// Reads the body piece by piece, with pauses, and sends it back.
    case pieces
    /// Writes its answer piece by piece.
    case chunked
    /// The same, with its length said before.
    case measured
    /// Fails in the midst of it.
    case failing
    /// Takes longer than it may.
    case stuck
    case closing
    case empty
  }
  enum Framing: Sendable { case none, length, chunked }

  var connection: Int
  var place: Int
  var handling: Handling
  var isHead = false
  var isOld = false
  var saysClose = false
  var framing = Framing.none
  var body: [UInt8] = []
  var waitsForContinue = false
  /// Bytes of the answer, where it is not the body that came.
  var answerBytes = 0
  var milliseconds = 0

  static let collectMax = 3000

  init(_ random: inout SplitMix64, connection: Int, place: Int, isCalm: Bool) {
    self.connection = connection
    self.place = place
    handling = random.pick(Handling.allCases)
    // What ends a connection is rare enough that others come behind it.
    if isCalm || random.chance(70), [.failing, .stuck, .closing].contains(handling) { handling = .prompt }
    isHead = random.chance(8)
    isOld = random.chance(5)
    saysClose = random.chance(3)
    if !isHead, random.chance(60) {
      framing = random.chance(50) || isOld ? .length : .chunked
      body = SimulatedRequest.bytes(random.chance(20) ? random.below(12_000) : random.below(1500), seed: place)
      waitsForContinue = !isOld && random.chance(15)
    }
    answerBytes = random.chance(20) ? random.below(60_000) : random.below(2000)
    milliseconds = random.below(random.chance(10) ? 5000 : 50)
  }

  static func bytes(_ count: Int, seed: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8) &+ seed) } }

  /// What its handler answers with, where nothing goes wrong.
  var answer: [UInt8] {
    switch handling {
    case .collect, .pieces: body
    case .empty: []
    default: SimulatedRequest.bytes(answerBytes, seed: place + 100)
    }
  }

  /// Whether the server may end the connection behind its answer.
  var mayEnd: Bool {
    if isOld || saysClose || handling == .closing || handling == .stuck || handling == .failing { return true }
    guard framing != .none else { return false }
    switch handling {
    case .collect: return body.count > SimulatedRequest.collectMax
    case .pieces: return false
    // A body that nobody reads is read away where it is short.
    default: return waitsForContinue || body.count > SimulatedConnections.discardMax / 2
    }
  }

  /// The head, and the body as it is framed.
  func encoded(_ random: inout SplitMix64) -> (head: [UInt8], body: [UInt8]) {
    let method = isHead ? "HEAD" : framing == .none ? "GET" : "POST"
    var head = "\(method) /\(connection)/\(place) HTTP/1.\(isOld ? 0 : 1)\r\nHost: simulated\r\n"
    if saysClose { head += "Connection: close\r\n" }
    if waitsForContinue { head += "Expect: 100-continue\r\n" }
    switch framing {
    case .none: return (Array((head + "\r\n").utf8), [])
    case .length: return (Array((head + "Content-Length: \(body.count)\r\n\r\n").utf8), body)
    case .chunked:
      var framed: [UInt8] = []
      var start = 0
      while start < body.count {
        let count = min(body.count - start, 1 + random.below(2000))
        framed += Array("\(String(count, radix: 16))\r\n".utf8) + body[start..<(start + count)] + Array("\r\n".utf8)
        start += count
      }
      return (Array((head + "Transfer-Encoding: chunked\r\n\r\n").utf8), framed + Array("0\r\n\r\n".utf8))
    }
  }
}

/// An answer as a client reads it.
struct SimulatedAnswer {
  var status = 0
  var body: [UInt8] = []
  var isWhole = false
  var endsConnection = false
}

/// Reads answers strictly: what is not one is a problem.
struct AnswerReader {
  struct Failure: Error { let reason: String }
  private let bytes: [UInt8]
  private var place = 0
  private(set) var interim = 0

  /// - Parameter bytes: all that came on one connection.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The answers to those requests, in their order; the last one may be cut off.
  ///
  /// - Parameter hasEnded: the server has ended the connection in good order.
  mutating func answers(to requests: [SimulatedRequest], hasEnded: Bool) throws(Failure) -> [SimulatedAnswer] {
    var answers: [SimulatedAnswer] = []
    while place < bytes.count {
      guard answers.last?.isWhole ?? true else { break }
      if answers.last?.endsConnection == true { throw Failure(reason: "something behind the last answer") }
      let isHead = answers.count < requests.count && requests[answers.count].isHead
      guard let answer = try next(isHead: isHead, hasEnded: hasEnded) else { break }
      if answer.status == 100 { interim += 1 } else { answers.append(answer) }
    }
    return answers
  }

  private mutating func line() throws(Failure) -> String? {
    guard let end = bytes[place...].firstIndex(of: 0x0a) else {
      place = bytes.count
      return nil
    }
    guard end > place, bytes[end - 1] == 0x0d else { throw Failure(reason: "a line without CR") }
    defer { place = end + 1 }
    return String(decoding: bytes[place..<(end - 1)], as: UTF8.self)
  }

  /// Nil where not even a head is there.
  private mutating func next(isHead: Bool, hasEnded: Bool) throws(Failure) -> SimulatedAnswer? {
    guard let first = try line() else { return nil }
    guard first.hasPrefix("HTTP/1.1 "), let status = Int(first.dropFirst(9).prefix(3)) else {
      throw Failure(reason: "status line \(first.prefix(60))")
    }
    var answer = SimulatedAnswer(status: status)
    var length: Int?
    var isChunked = false
    while true {
      guard let field = try line() else { return answer }
      if field.isEmpty { break }
      if field == "Connection: close" { answer.endsConnection = true }
      if field == "Transfer-Encoding: chunked" { isChunked = true }
      if field.hasPrefix("Content-Length: ") { length = Int(field.dropFirst(16)) }
    }
    if status == 100 || status == 204 || isHead {
      answer.isWhole = true
    } else if isChunked {
      try readChunks(&answer)
    } else if let length {
      answer.body = Array(bytes[place...].prefix(length))
      place += answer.body.count
      answer.isWhole = answer.body.count == length
    } else {
      answer.body = Array(bytes[place...])
      place = bytes.count
      answer.isWhole = hasEnded
    }
    return answer
  }

  private mutating func readChunks(_ answer: inout SimulatedAnswer) throws(Failure) {
    while let size = try line() {
      guard let count = Int(size, radix: 16) else { throw Failure(reason: "chunk size \(size.prefix(20))") }
      answer.body += bytes[place...].prefix(count)
      guard bytes.count - place >= count + 2 else {
        place = bytes.count
        return
      }
      place += count
      guard bytes[place] == 0x0d, bytes[place + 1] == 0x0a else { throw Failure(reason: "no line end behind a chunk") }
      place += 2
      if count == 0 {
        answer.isWhole = true
        return
      }
    }
  }
}
