import Base
import Crypto
import HTTP
import Synchronization

/// A text that does not change while the service runs, with its ETags. It is compressed once, when first asked for that way,
/// and both forms are kept: as many as there are documents.
final class StaticDocument: Sendable {
  /// One coding of the document: bytes and the strong ETag of exactly these.
  struct Form: Sendable {
    let bytes: [UInt8]
    let etag: String
    let isCompressed: Bool
  }

  /// Shorter texts are not worth it.
  private static let compressedBytesMin = 1024

  let mediaType: StaticString
  /// Whether a browser shows it as a page.
  let isPage: Bool
  private let plain: Form
  private let compressed = Mutex<Form?>(nil)

  init(_ bytes: [UInt8], _ mediaType: StaticString, isPage: Bool = false) {
    self.mediaType = mediaType
    self.isPage = isPage
    plain = Form(bytes: bytes, etag: StaticDocument.tag(bytes), isCompressed: false)
  }

  var bytes: [UInt8] { plain.bytes }

  /// The form to send to a client that takes gzip, or does not.
  func form(acceptsGzip: Bool) -> Form {
    guard acceptsGzip, plain.bytes.count >= StaticDocument.compressedBytesMin else { return plain }
    if let known = compressed.withLock({ $0 }) { return known }
    // Not within the lock, so that no other loop waits; the first to be done is kept.
    let made = HTTPResponse.gzipped(plain.bytes).map { Form(bytes: $0, etag: StaticDocument.tag($0), isCompressed: true) } ?? plain
    return compressed.withLock { form in
      if let form { return form }
      form = made
      return made
    }
  }

  private static func tag(_ bytes: [UInt8]) -> String {
    var tag = [UInt8(ascii: "\"")]
    SHA256.hash(bytes).appendHexadecimal(to: &tag, count: 16)
    tag.append(UInt8(ascii: "\""))
    return String(decoding: tag, as: UTF8.self)
  }
}
