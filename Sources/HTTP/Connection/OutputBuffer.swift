import Base
import Reactor

/// What waits to be written on a connection: assembled bytes, and after them at most one large body that is sent from
/// where it lies.
struct OutputBuffer {
  /// Bodies over this are not copied behind their head.
  static let copyBytesMax = 16 * 1024
  /// A buffer that grew over this is given back once it is empty.
  private static let keptBytesMax = 64 * 1024

  var bytes: [UInt8] = []
  private var start = 0
  private var large: [UInt8] = []
  private var largeStart = 0
  /// Covers `large`.
  private var lease: MemoryLease?

  /// Bytes that the kernel has not taken.
  var count: Int { bytes.count - start + large.count - largeStart }
  var isEmpty: Bool { count == 0 }
  var hasLarge: Bool { !large.isEmpty }
  /// What it holds that no lease covers. A longer body without one is everybody's: a document of the service.
  var heldBytes: Int { bytes.capacity &+ (large.count <= MemoryBudget.smallMax ? large.count : 0) }

  /// Adds a body, and what covers it; nothing may be added behind a large one until `hasLarge` is false.
  mutating func append(body: [UInt8], lease: MemoryLease?) {
    if body.count <= OutputBuffer.copyBytesMax {
      bytes.append(contentsOf: body)
    } else {
      large = body
      self.lease = lease
    }
  }

  private mutating func advance(_ written: Int) {
    let first = min(written, bytes.count - start)
    start += first
    largeStart += written - first
    if start == bytes.count {
      start = 0
      if bytes.capacity > OutputBuffer.keptBytesMax { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
    }
    if largeStart == large.count, largeStart > 0 {
      large = []
      largeStart = 0
      lease = nil
    }
  }

  /// Writes what the kernel takes; queues a slice when it is full.
  mutating func flush(to stream: SocketStream) throws(ReactorError) {
    while !isEmpty, !stream.isWriting {
      let written = try stream.tryWrite(bytes, from: start, large, from: largeStart)
      if written > 0 {
        advance(written)
        continue
      }
      let queued = try stream.queue(start < bytes.count ? bytes[start...] : large[largeStart...])
      advance(queued)
      if queued == 0 { break }
    }
  }

  mutating func release() {
    if isEmpty { self = OutputBuffer() }
  }

  mutating func removeAll() { self = OutputBuffer() }
}
