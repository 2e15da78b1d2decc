import Base
import Reactor

/// How a streamed body is framed, and what may still come.
enum StreamFraming {
  case chunked
  case length(left: Int)
  /// Ends with the connection (HTTP/1.0).
  case untilClose
}

extension HTTPConnection {
  // MARK: The handler's answer

  /// Writes an answer. Waits while more waits for the peer than `outputBytesMax`.
  ///
  /// - Returns: whether another request may follow.
  @inline(__always)
  func send(_ response: HTTPResponse, to request: HTTPRequest) async -> Bool {
    state.responseStarted(now: now)
    var response = response
    let coding = compress(&response, for: request)
    let keepsAlive = decideToKeep(response, request)
    let isHead = request.method == .head
    let dateLine = owner.dateLine()
    HTTPConnection.appendHead(response, request, dateLine, coding: coding, keepsAlive: keepsAlive, to: &output.bytes)
    var isWhole = true
    switch response.body {
    case .bytes(let bytes) where !isHead && !response.hasNoBody:
      output.append(body: bytes, lease: response.lease)
    case .stream(let length, let write) where !isHead && !response.hasNoBody:
      isWhole = await stream(length: length, request, write)
    default:
      break
    }
    if output.hasLarge { flush() } else { owner.markDirty(self) }
    while output.hasLarge || output.count > outputBytesMax {
      guard !isBroken else { break }
      await waitForOutput()
    }
    if !isWhole {
      abort()
      return false
    }
    bodyUse = .discard
    body = []
    // What is left of the body is thrown away as it comes. Else `feedPending` says whether there is room for later requests.
    if !parser.isEnded { resumeInput() }
    return keepsAlive && !isBroken
  }

  private func decideToKeep(_ response: HTTPResponse, _ request: HTTPRequest) -> Bool {
    guard request.head.keepsAlive, !owner.isDraining, !response.closesConnection, bodyError == nil,
      !isPeerDone || pendingStart < pending.count
    else {
      return false
    }
    if case .stream(nil, _) = response.body, request.head.versionMinor == 0 { return false }
    guard !parser.isEnded else { return true }
    // What is left of the body has to be read first: only where it surely comes and is short.
    if waitsForContinue { return false }
    if case .length(let length) = request.head.framing { return length - parser.bodyBytes <= limits.discardBytesMax }
    return true
  }

  /// All of it to one buffer that is passed in: each access to an object's own is checked for itself.
  private static func appendHead(
    _ response: HTTPResponse, _ request: HTTPRequest, _ dateLine: [UInt8], coding: BodyCoding?, keepsAlive: Bool, to out: inout [UInt8]
  ) {
    HTTPStatusLine.append(response.status, to: &out)
    out.append(contentsOf: dateLine)
    out.append(contentsOf: response.headers.bytes)
    if let coding { out.append(coding.headerLine) }
    if !keepsAlive {
      out.append("Connection: close\r\n")
    } else if request.head.versionMinor == 0 {
      out.append("Connection: keep-alive\r\n")
    }
    appendFraming(response, request, isCompressed: coding != nil, to: &out)
    out.append("\r\n")
  }

  private static func appendFraming(_ response: HTTPResponse, _ request: HTTPRequest, isCompressed: Bool, to out: inout [UInt8]) {
    guard !response.hasNoBody else { return }
    switch response.body {
    case .none:
      out.append("Content-Length: 0\r\n")
    case .bytes(let bytes):
      // The length of what GET would compress is not known for HEAD (RFC 9110 section 9.3.2 lets it be left out).
      if isCompressed && request.method == .head { return }
      out.append("Content-Length: ")
      out.append(decimal: UInt64(bytes.count))
      out.append("\r\n")
    case .stream(let length?, _):
      out.append("Content-Length: ")
      out.append(decimal: UInt64(max(0, length)))
      out.append("\r\n")
    case .stream(nil, _):
      if request.head.versionMinor == 1 { out.append("Transfer-Encoding: chunked\r\n") }
    }
  }

  /// Compresses a body that is worth it, and says so in `Vary`. For HEAD only the headers change.
  private func compress(_ response: inout HTTPResponse, for request: HTTPRequest) -> BodyCoding? {
    if case .stream(nil, _) = response.body, response.mayCompress {
      sayItVaries(&response)
      guard let coding = request.acceptedCoding else { return nil }
      if request.method == .head { return coding }
      streamCoder = coding.makeStream()
      return streamCoder == nil ? nil : coding
    }
    guard case .bytes(let bytes) = response.body, !bytes.isEmpty, bytes.count <= limits.compressedBytesMax, response.mayCompress,
      !response.hasNoBody, response.status != 206, bytes.count >= limits.compressedBytesMin || request.demandsCoding
    else { return nil }
    sayItVaries(&response)
    guard let coding = request.acceptedCoding else { return nil }
    if request.method == .head { return coding }
    var compressed = coding == .gzip ? owner.gzip.compress(bytes) : Brotli.compress(bytes)
    // Who refuses what is not coded gets the shortest coded too, even where that makes it longer.
    if compressed == nil, request.demandsCoding { compressed = coding.makeStream()?.compress(bytes, isLast: true) }
    guard let compressed else { return nil }
    response.body = .bytes(compressed)
    return coding
  }

  private func sayItVaries(_ response: inout HTTPResponse) {
    if !response.headers.vary(by: "accept-encoding") { response.headers.add(lines: "Vary: Accept-Encoding\r\n") }
  }

  // MARK: The server's own answers

  /// Refuses what cannot become a request, and ends the connection.
  func refuse(_ status: Int, _ detail: String) {
    let path = parser.head.path.isEmpty ? nil : String(decoding: parser.head.bytes[parser.head.path], as: UTF8.self)
    appendRefusal(HTTPRefusal(status: status, detail: detail, path: path, origin: origin))
    wakeInput()
    finish()
  }

  /// Answers in place of a handler that is too slow, and ends the connection; the handler's task is cancelled.
  func timeOutHandler() {
    let request = HTTPRequest(head: parser.head, peer: peer, connectionID: id)
    appendRefusal(HTTPRefusal(status: 504, detail: "The request took too long.", path: request.path, origin: origin))
    task?.cancel()
    finish()
  }

  private var origin: [UInt8]? { parser.head.first("origin").map { Array(parser.head.bytes[$0]) } }

  private func appendRefusal(_ refusal: HTTPRefusal) {
    owner.handler.refusal(refusal)
      .appendRefusal(to: &output.bytes, dateLine: owner.dateLine(), isOfHead: parser.head.method == .head)
  }

  // MARK: Writing

  /// The kernel has all that was to be written. Closing before that would cut an answer off.
  var isWritten: Bool { output.isEmpty && !stream.isWriting }

  /// Writes what waits. Called at the end of a tick, when the kernel took what was queued, and for large bodies.
  func flush() {
    isDirty = false
    guard state.phase != .closed else { return }
    do throws(ReactorError) {
      try output.flush(to: stream)
      if isWritten {
        state.outputDrained(now: now)
      } else if !state.isOutputWaiting {
        state.outputWaits(taken: stream.bytesTaken, now: now)
      }
    } catch {
      broken()
      return
    }
    if !output.hasLarge && output.count <= outputBytesMax { wakeOutput() }
    if state.phase == .lingering && isWritten { endLingering() }
    countMemory()
  }

  func streamDidWrite(_ error: ReactorError?) {
    if error == nil { flush() } else { broken() }
  }

  /// The peer takes nothing more.
  private func broken() {
    isBroken = true
    if state.phase == .handling || state.phase == .responding {
      if state.phase == .handling { owner.counters.abandoned.increment() }
      failBody(.disconnected)
      task?.cancel()
    }
    close()
  }
}
