import Base
import Service

/// `If-Match` and `If-None-Match` (RFC 9110 sections 13.1.1, 13.1.2 and 8.8.3).
enum EntityTagList {
  /// More than any client of ours sends.
  static let tagsMax = 64

  /// `*` or a list of entity tags. Opaque tags come without their quotes; weak ones keep `W/` before them.
  /// Throws `bad_request` for anything else.
  static func parse(_ text: String, header: StaticString) throws(Failure) -> Preconditions.Tags {
    var reader = HeaderFieldReader(text)
    reader.skipSpace()
    if reader.take(UInt8(ascii: "*")) {
      reader.skipSpace()
      guard reader.atEnd else { throw malformed(header) }
      return .any
    }
    var tags: [String] = []
    while true {
      reader.skipSpace()
      // RFC 9110 section 5.6.1.2: empty elements of a list are passed over.
      if reader.take(UInt8(ascii: ",")) { continue }
      if reader.atEnd { break }
      guard tags.count < tagsMax, let tag = tag(&reader) else { throw malformed(header) }
      tags.append(tag)
      reader.skipSpace()
      guard reader.atEnd || reader.take(UInt8(ascii: ",")) else { throw malformed(header) }
    }
    guard !tags.isEmpty else { throw malformed(header) }
    return .tags(tags)
  }

  private static func tag(_ reader: inout HeaderFieldReader) -> String? {
    var out: [UInt8] = []
    if reader.take(UInt8(ascii: "W")) {
      guard reader.take(UInt8(ascii: "/")) else { return nil }
      out.append(UInt8(ascii: "W"))
      out.append(UInt8(ascii: "/"))
    }
    guard reader.take(UInt8(ascii: "\"")) else { return nil }
    while let byte = reader.next() {
      if byte == UInt8(ascii: "\"") { return String(validating: out, as: UTF8.self) }
      // etagc = %x21 / %x23-7E / obs-text
      guard byte == 0x21 || (byte >= 0x23 && byte != 0x7f) else { return nil }
      out.append(byte)
    }
    return nil
  }

  private static func malformed(_ header: StaticString) -> Failure {
    Failure(.badRequest, "\(header) is not * or a list of entity tags (RFC 9110 section 13.1)")
  }
}
