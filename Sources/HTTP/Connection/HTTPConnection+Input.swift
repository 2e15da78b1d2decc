import Base
import Reactor

extension HTTPConnection {
  // MARK: From the socket

  func streamDidRead(_ bytes: Span<UInt8>) {
    if state.phase == .lingering {
      discarded += bytes.count
      if discarded > limits.discardBytesMax * 16 { close() }
      return
    }
    defer { countMemory() }
    guard canParse else {
      keep(bytes)
      return
    }
    let consumed = feed(bytes)
    if consumed < bytes.count { keep(bytes.extracting(consumed..<bytes.count)) }
  }

  func streamDidEnd(_ error: ReactorError?) {
    isPeerDone = true
    if error != nil { isBroken = true }
    switch state.phase {
    case .idle, .head:
      // What is written goes out first.
      if isBroken { close() } else if task == nil { finish() } else { wakeInput() }
    case .handling, .responding:
      // A client that has sent all of its request may shut its side and wait for the answer (RFC 9112 section 9.6).
      if !isBroken, parser.isEnded { break }
      if bodyError == nil, !parser.isEnded { failBody(.disconnected) }
      if state.phase == .handling { owner.counters.abandoned.increment() }
      task?.cancel()
      wakeInput()
      wakeOutput()
    case .lingering:
      if isBroken || isWritten { close() }
    case .closed:
      break
    }
  }

  // MARK: Parsing

  /// Whether what comes next belongs to the request that is read.
  private var canParse: Bool { !isHeadReady || (!parser.isEnded && bodyError == nil) }

  /// Puts bytes of later requests aside. Past the bound the peer has to wait.
  private func keep(_ bytes: Span<UInt8>) {
    guard bodyError == nil else { return }
    if pendingStart > 0 {
      pending.removeFirst(pendingStart)
      pendingStart = 0
    }
    pending.append(bytes)
    if pending.count >= limits.pipelineBytesMax || owner.configuration.memory.isTight { pauseInput() }
  }

  /// Parses what was put aside, up to the end of one request.
  func feedPending() {
    guard pendingStart < pending.count else { return resumeInput() }
    let copy = pending
    let consumed = feed(copy.span.extracting(pendingStart..<copy.count))
    pendingStart += consumed
    if pendingStart == pending.count {
      pending = []
      pendingStart = 0
    }
    let room = owner.configuration.memory.isTight ? limits.readBytesTightMax : limits.pipelineBytesMax / 2
    if pending.count - pendingStart < room { resumeInput() }
  }

  /// Hands bytes to the parser up to the end of the request.
  ///
  /// - Returns: bytes consumed; the rest belongs to later requests (or to none, after a failure).
  private func feed(_ bytes: Span<UInt8>) -> Int {
    if !isHeadReady, !bytes.isEmpty { state.headReceived(now: now) }
    var offset = 0
    while true {
      let (consumed, event) = parser.consume(bytes.extracting(offset..<bytes.count))
      let base = offset
      offset += consumed
      switch event {
      case .needsMore:
        if isHeadReady { wakeInput() }
        return offset
      case .head:
        headEnded()
      case .body(let range):
        receiveBody(bytes.extracting((base + range.lowerBound)..<(base + range.upperBound)))
        if bodyError != nil { return bytes.count }
      case .end:
        state.bodyEnded(now: now)
        wakeInput()
        return offset
      case .failed(let error):
        owner.counters.parseErrors.increment()
        if isHeadReady { failBody(.malformed(error)) } else { refuse(error.status, error.detail) }
        return bytes.count
      }
    }
  }

  private func headEnded() {
    isHeadReady = true
    waitsForContinue = parser.head.expectsContinue
    bodyError = nil
    discarded = 0
    state.headEnded(hasBody: parser.head.framing != .none, waitsForContinue: waitsForContinue, now: now)
  }

  private func receiveBody(_ bytes: Span<UInt8>) {
    state.bodyReceived(bytes.count, now: now)
    switch bodyUse {
    case .discard:
      discarded += bytes.count
      if discarded > limits.discardBytesMax { wakeInput() }
    case .collect(let limit):
      if body.count + bytes.count > limit {
        failBody(.tooLarge(limit: limit))
      } else if body.count > MemoryBudget.smallMax, !owner.configuration.memory.grants(bytes.count) {
        failBody(.overloaded)
      } else {
        body.append(bytes)
      }
    case .buffer:
      body.append(bytes)
      if body.count >= limits.bodyBufferBytesMax {
        pauseInput()
        state.pauseBody(now: now)
      }
    }
  }

  /// The rest of the body will not be read.
  func failBody(_ error: HTTPBodyError) {
    guard bodyError == nil else { return }
    bodyError = error
    state.bodyEnded(now: now)
    wakeInput()
  }

  func pauseInput() {
    guard !isInputPaused else { return }
    isInputPaused = true
    stream.stopReading()
  }

  func resumeInput() {
    guard isInputPaused, !isPeerDone, state.phase != .closed else { return }
    isInputPaused = false
    state.resumeBody(now: now)
    stream.startReading()
  }

  // MARK: The request

  /// The request whose head is ready, with its body where all of it has come.
  func takeRequest() -> HTTPRequest {
    let head = parser.head
    let content: HTTPBody
    if parser.isEnded {
      content = HTTPBody(body)
      body = []
    } else {
      var length: Int?
      if case .length(let declared) = head.framing { length = declared }
      content = HTTPBody(from: self, request: request, declaredLength: length)
    }
    return HTTPRequest(head: head, body: content, peer: peer, connectionID: id)
  }
}
