import CBrotli

/// Brotli (RFC 7932). Its state is made for each body: the library has none that is used again.
enum Brotli {
  /// For what is sent once: quicker than gzip at its level 4, and smaller (docs/benchmarks.md).
  static let quickQuality: Int32 = 2
  /// 64 KiB, what the peer has to hold as well: more would save nothing, records are like those just before them.
  static let quickWindowBits: Int32 = 16
  /// For what is sent many times. Above it a document of some hundred KiB would hold the loop for half a second.
  static let keptQuality: Int32 = 6
  static let keptWindowBits: Int32 = 18

  /// The compressed form; nil where it would not be smaller, or memory is short.
  static func compress(_ bytes: [UInt8], quality: Int32 = quickQuality, windowBits: Int32 = quickWindowBits) -> [UInt8]? {
    // Safety: the library reads within the array and writes within the target, whose length it is told and changes.
    let compressed = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
      var size = target.count
      let result = unsafe bytes.withUnsafeBufferPointer { source in
        unsafe BrotliEncoderCompress(
          quality, windowBits, BROTLI_MODE_TEXT, source.count, source.baseAddress, &size, target.baseAddress)
      }
      count = result == BROTLI_TRUE ? size : 0
    }
    return compressed.isEmpty || compressed.count >= bytes.count ? nil : compressed
  }
}

/// A body compressed while it is made (RFC 7932).
///
/// Safety: the library's state is made in `init` and given back in `deinit`; it is used by one caller at a time.
@safe final class BrotliStream: BodyStream {
  /// Measured: 736 KiB (docs/benchmarks.md).
  let heldBytes = 768 << 10

  private let state: OpaquePointer

  init?() {
    guard let made = unsafe BrotliEncoderCreateInstance(nil, nil, nil) else { return nil }
    unsafe BrotliEncoderSetParameter(made, BROTLI_PARAM_QUALITY, UInt32(Brotli.quickQuality))
    unsafe BrotliEncoderSetParameter(made, BROTLI_PARAM_LGWIN, UInt32(Brotli.quickWindowBits))
    unsafe state = made
  }

  deinit { unsafe BrotliEncoderDestroyInstance(state) }

  func compress(_ bytes: [UInt8], isLast: Bool) -> [UInt8]? {
    var out: [UInt8] = []
    let operation = isLast ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH
    let isWhole = unsafe bytes.withUnsafeBufferPointer { source in
      var left = source.count
      var next = source.baseAddress
      repeat {
        // Safety: the library reads `left` bytes from `next` and moves both. What it has made it lends until it is called again.
        var room = 0
        guard unsafe BrotliEncoderCompressStream(state, operation, &left, &next, &room, nil, nil) == BROTLI_TRUE else { return false }
        var size = 0
        if let piece = unsafe BrotliEncoderTakeOutput(state, &size) {
          unsafe out.append(contentsOf: UnsafeBufferPointer(start: piece, count: size))
        }
      } while unsafe left > 0 || BrotliEncoderHasMoreOutput(state) == BROTLI_TRUE
      return true
    }
    return isWhole ? out : nil
  }
}
