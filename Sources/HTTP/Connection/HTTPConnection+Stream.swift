import Base
import Reactor

extension HTTPConnection: HTTPBodySink {
  /// Runs a handler's stream.
  ///
  /// - Returns: whether the body is whole.
  func stream(
    length: Int?, _ request: HTTPRequest, _ write: @Sendable (HTTPBodyWriter) async throws -> Void
  ) async -> Bool {
    if let length {
      streamLeft = .length(left: max(0, length))
    } else {
      streamLeft = request.head.versionMinor == 1 ? .chunked : .untilClose
    }
    owner.markDirty(self)
    defer {
      streamLeft = nil
      streamCoder = nil
    }
    do {
      try await write(HTTPBodyWriter(self, request: self.request))
      if streamCoder != nil { try await writeFramed(try coded([], isLast: true)) }
    } catch {
      return false
    }
    switch streamLeft {
    case .chunked:
      output.bytes.append("0\r\n\r\n")
      return !isBroken
    case .length(let left):
      return !isBroken && left == 0
    case .untilClose, nil:
      return !isBroken
    }
  }

  @concurrent func writeBody(_ bytes: [UInt8], of request: UInt64) async throws(HTTPWriteError) {
    guard owner.loop.isCurrent else { throw .wrongTask }
    guard request == self.request, streamLeft != nil, !isBroken else { throw .disconnected }
    guard !bytes.isEmpty else { return }
    try await writeFramed(try coded(bytes, isLast: false))
  }

  private func coded(_ bytes: [UInt8], isLast: Bool) throws(HTTPWriteError) -> [UInt8] {
    guard let streamCoder else { return bytes }
    guard let coded = streamCoder.compress(bytes, isLast: isLast) else { throw .outOfMemory }
    return coded
  }

  /// Bytes as they are sent.
  private func writeFramed(_ bytes: [UInt8]) async throws(HTTPWriteError) {
    guard let framing = streamLeft, !isBroken else { throw .disconnected }
    guard !bytes.isEmpty else { return }
    switch framing {
    case .chunked:
      output.bytes.append(hexadecimal: bytes.count)
      output.bytes.append("\r\n")
      output.bytes.append(contentsOf: bytes)
      output.bytes.append("\r\n")
    case .length(let left):
      guard bytes.count <= left else { throw .tooLong }
      streamLeft = .length(left: left - bytes.count)
      output.bytes.append(contentsOf: bytes)
    case .untilClose:
      output.bytes.append(contentsOf: bytes)
    }
    owner.markDirty(self)
    while output.count > outputBytesMax {
      await waitForOutput()
      guard !isBroken else { throw .disconnected }
    }
  }
}

extension Array where Element == UInt8 {
  /// Appends a number's lower-case hexadecimal digits.
  mutating func append(hexadecimal value: Int) {
    var shift = 60
    while shift > 0 && (value >> shift) == 0 { shift -= 4 }
    while shift >= 0 {
      append(UInt8.hexadecimalDigit(UInt8(truncatingIfNeeded: value >> shift) & 15))
      shift -= 4
    }
  }
}
