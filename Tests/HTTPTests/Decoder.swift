import CBrotliDecoder
import CZlib
import HTTP

/// Reads what was compressed, piece by piece, with the decoders of the libraries.
final class Decoder {
  enum Failure: Error { case refused, unended, behindTheEnd }

  private let coding: BodyCoding
  private let gzip = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let brotli = BrotliDecoderCreateInstance(nil, nil, nil)
  private(set) var isEnded = false

  init(_ coding: BodyCoding) {
    self.coding = coding
    gzip.initialize(to: z_stream())
    inflateInit2_(gzip, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(gzip)
    gzip.deallocate()
    BrotliDecoderDestroyInstance(brotli)
  }

  /// A whole body.
  func read(_ bytes: [UInt8]) throws -> [UInt8] {
    let out = try next(bytes)
    guard isEnded else { throw Failure.unended }
    return out
  }

  /// All that can be read of what has come.
  func next(_ bytes: [UInt8]) throws -> [UInt8] {
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    try bytes.withUnsafeBufferPointer { source in
      var left = source.count
      var next = source.baseAddress
      var count = 0
      repeat {
        try buffer.withUnsafeMutableBufferPointer { target in
          count = try step(&next, &left, target)
        }
        out += buffer[..<count]
      } while count == buffer.count || (left > 0 && !isEnded)
      guard left == 0 else { throw Failure.behindTheEnd }
    }
    return out
  }

  private func step(
    _ next: inout UnsafePointer<UInt8>?, _ left: inout Int, _ target: UnsafeMutableBufferPointer<UInt8>
  ) throws -> Int {
    var room = target.count
    switch coding {
    case .brotli:
      var place = target.baseAddress
      let result = BrotliDecoderDecompressStream(brotli, &left, &next, &room, &place, nil)
      guard result != BROTLI_DECODER_RESULT_ERROR else { throw Failure.refused }
      isEnded = result == BROTLI_DECODER_RESULT_SUCCESS
    case .gzip:
      gzip.pointee.next_in = UnsafeMutablePointer(mutating: next)
      gzip.pointee.avail_in = UInt32(left)
      gzip.pointee.next_out = target.baseAddress
      gzip.pointee.avail_out = UInt32(room)
      let result = inflate(gzip, Z_SYNC_FLUSH)
      guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(result) else { throw Failure.refused }
      isEnded = result == Z_STREAM_END
      next = UnsafePointer(gzip.pointee.next_in)
      left = Int(gzip.pointee.avail_in)
      room = Int(gzip.pointee.avail_out)
    }
    return target.count - room
  }
}
