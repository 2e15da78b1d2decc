import Base
import Crypto

/// A text that does not change while the service runs, with its ETag.
final class StaticDocument: Sendable {
  let bytes: [UInt8]
  let mediaType: StaticString
  /// Weak: the server may send it compressed.
  let etag: String
  /// Whether a browser shows it as a page.
  let isPage: Bool

  init(_ bytes: [UInt8], _ mediaType: StaticString, isPage: Bool = false) {
    self.bytes = bytes
    self.mediaType = mediaType
    self.isPage = isPage
    var tag = Array("W/\"".utf8)
    SHA256.hash(bytes).appendHexadecimal(to: &tag, count: 10)
    tag.append(UInt8(ascii: "\""))
    etag = String(decoding: tag, as: UTF8.self)
  }
}
