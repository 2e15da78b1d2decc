import Base
import Crypto
import HTTP
import Synchronization

/// A text that does not change while the service runs, with its ETags. It is compressed once, when first asked for that way,
/// and every form is kept: as many as there are documents and codings.
final class StaticDocument: Sendable {
  /// One coding of the document: bytes and the strong ETag of exactly these.
  struct Form: Sendable {
    let bytes: [UInt8]
    let etag: String
    let coding: BodyCoding?
  }

  /// Shorter texts are not worth it.
  private static let compressedBytesMin = 1024

  let mediaType: StaticString
  /// Whether a browser shows it as a page.
  let isPage: Bool
  private let plain: Form
  private let compressed = Mutex<[BodyCoding: Form]>([:])

  init(_ bytes: [UInt8], _ mediaType: StaticString, isPage: Bool = false) {
    self.mediaType = mediaType
    self.isPage = isPage
    plain = Form(bytes: bytes, etag: StaticDocument.tag(bytes), coding: nil)
  }

  var bytes: [UInt8] { plain.bytes }

  /// The form to send to a client that likes this coding best; nil: none.
  func form(_ coding: BodyCoding?) -> Form {
    guard let coding, plain.bytes.count >= StaticDocument.compressedBytesMin else { return plain }
    if let known = compressed.withLock({ $0[coding] }) { return known }
    // Not within the lock, so that no other loop waits; the first to be done is kept.
    let made = HTTPResponse.compressed(plain.bytes, coding).map { Form(bytes: $0, etag: StaticDocument.tag($0), coding: coding) } ?? plain
    return compressed.withLock { forms in
      if let form = forms[coding] { return form }
      forms[coding] = made
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
