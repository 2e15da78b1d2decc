import Base
import Reactor

/// `@concurrent` brings a caller that is isolated to an actor back to the task's preferred executor, which is the loop; a
/// task without that preference is refused.
extension HTTPConnection: HTTPBodySource {
  @concurrent func collectBody(of request: UInt64, upTo limit: Int) async throws(HTTPBodyError) -> [UInt8] {
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

  @concurrent func nextPiece(of request: UInt64) async throws(HTTPBodyError) -> [UInt8]? {
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

  /// Checks that a reader may read now, and sends `100 Continue` to a client that waits for it.
  ///
  /// Safety: the continuation is only looked at, not resumed.
  private func beginReading(_ request: UInt64) throws(HTTPBodyError) {
    guard owner.loop.isCurrent else { throw .unreadable }
    guard !isBroken else { throw .disconnected }
    // Safety: the waiter is only compared with nil, on the loop that owns it.
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
