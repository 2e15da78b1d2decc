import Base
import Reactor

extension HTTPConnection: HTTPBodySource {
  func collectBody(of request: UInt64, upTo limit: Int) async throws(HTTPBodyError) -> [UInt8] {
    try beginReading(request)
    guard body.count <= limit else { throw .tooLarge(limit: limit) }
    bodyUse = .collect(limit: limit)
    resumeInput()
    while true {
      if let bodyError { throw bodyError }
      if parser.isEnded { break }
      await waitForInput()
      guard request == self.request, !isBroken else { throw .disconnected }
    }
    defer { body = [] }
    return body
  }

  func nextPiece(of request: UInt64) async throws(HTTPBodyError) -> [UInt8]? {
    try beginReading(request)
    while body.isEmpty {
      if let bodyError { throw bodyError }
      if parser.isEnded { return nil }
      resumeInput()
      await waitForInput()
      guard request == self.request, !isBroken else { throw .disconnected }
    }
    let piece = body
    body = []
    resumeInput()
    return piece
  }

  private func beginReading(_ request: UInt64) throws(HTTPBodyError) {
    precondition(owner.loop.isCurrent, "a body is read on its connection's loop")
    guard !isBroken else { throw .disconnected }
    let isBusy = unsafe inputWaiter != nil
    guard request == self.request, !isBusy, isHeadReady else { throw .unreadable }
    if case .discard = bodyUse { throw .unreadable }
    guard waitsForContinue else { return }
    waitsForContinue = false
    guard !parser.isEnded, parser.bodyBytes == 0 else { return }
    output.bytes.append("HTTP/1.1 100 Continue\r\n\r\n")
    state.resumeBody(now: now)
    owner.markDirty(self)
  }
}
