import CZlib

/// A gzip compressor (RFC 1952) whose state is used again and again: about 260 KiB, made at first use. One for a loop.
///
/// Safety: the zlib stream lives in memory of its own from first use to `deinit`; its pointers into byte arrays are set
/// before each call of `deflate` and valid during it.
@safe final class Gzip {
  private var stream: UnsafeMutablePointer<z_stream>?
  private let level: Int32

  /// - Parameter level: 1 (fast) to 9.
  init(level: Int32 = 4) { self.level = level }

  deinit {
    guard let stream = unsafe stream else { return }
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// The compressed form; nil where it would not be smaller, or memory is short.
  func compress(_ bytes: [UInt8]) -> [UInt8]? {
    guard let stream = unsafe ready(), bytes.count < Int(UInt32.max) else { return nil }
    let capacity = bytes.count
    let compressed = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      let result: Int32 = unsafe bytes.withUnsafeBufferPointer { source in
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(source.count)
        unsafe stream.pointee.next_out = target.baseAddress
        unsafe stream.pointee.avail_out = UInt32(target.count)
        return unsafe deflate(stream, Z_FINISH)
      }
      count = result == Z_STREAM_END ? unsafe capacity - Int(stream.pointee.avail_out) : 0
    }
    return compressed.isEmpty ? nil : compressed
  }

  /// The stream, ready for another body.
  ///
  /// Safety: the stream is this object's own until `deinit`.
  private func ready() -> UnsafeMutablePointer<z_stream>? {
    if let stream = unsafe stream { return unsafe deflateReset(stream) == Z_OK ? stream : nil }
    unsafe stream = DeflateStream.make(level: level)
    return unsafe stream
  }
}

/// A body compressed while it is made (RFC 1952), one for each.
///
/// Safety: as `Gzip`.
@safe final class GzipStream: BodyStream {
  let heldBytes = 268 << 10
  private static let pieceBytes = 32 << 10

  private let stream: UnsafeMutablePointer<z_stream>

  /// Nil where memory is short.
  init?(level: Int32 = 4) {
    guard let made = unsafe DeflateStream.make(level: level) else { return nil }
    unsafe stream = made
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  func compress(_ bytes: [UInt8], isLast: Bool) -> [UInt8]? {
    var out: [UInt8] = []
    let isWhole = unsafe bytes.withUnsafeBufferPointer { source in
      guard source.count < Int(UInt32.max) else { return false }
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
      unsafe stream.pointee.avail_in = UInt32(source.count)
      var isFull = true
      while isFull {
        var result = Z_OK
        // Safety: zlib writes within the piece, and says how much of it is left.
        let piece = unsafe [UInt8](unsafeUninitializedCapacity: GzipStream.pieceBytes) { target, count in
          unsafe stream.pointee.next_out = target.baseAddress
          unsafe stream.pointee.avail_out = UInt32(target.count)
          result = unsafe deflate(stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
          count = unsafe target.count - Int(stream.pointee.avail_out)
        }
        out += piece
        // Nothing to do is no failure: the last piece was just filled.
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { return false }
        isFull = piece.count == GzipStream.pieceBytes
      }
      return true
    }
    return isWhole ? out : nil
  }
}

/// zlib's state for one body after another.
private enum DeflateStream {
  /// One that writes gzip, or nil where memory is short. Whoever takes it ends and frees it.
  ///
  /// Safety: the memory is initialised before zlib sees it, and given back where zlib refuses it.
  @unsafe static func make(level: Int32) -> UnsafeMutablePointer<z_stream>? {
    let made = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe made.initialize(to: z_stream())
    // 15 bits of window, 16 more for the gzip wrapper.
    let code = unsafe deflateInit2_(
      made, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      unsafe made.deallocate()
      return nil
    }
    return unsafe made
  }
}
