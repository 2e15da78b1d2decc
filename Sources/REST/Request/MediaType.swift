import Base

/// A media type or a range of them, with its parameters (RFC 9110 sections 8.3.1 and 12.5.1).
struct MediaType: Sendable, Equatable {
  /// Lower case; `*` in a range.
  var type: String
  var subtype: String
  var parameters: [Parameter] = []

  struct Parameter: Sendable, Equatable {
    /// Lower case.
    var name: String
    var value: String
  }

  static let parametersMax = 8

  /// Reads one up to a comma or the end; nil where it is malformed.
  init?(_ reader: inout HeaderFieldReader) {
    guard let type = reader.token(), reader.take(UInt8(ascii: "/")), let subtype = reader.token() else { return nil }
    self.type = type
    self.subtype = subtype
    reader.skipSpace()
    while reader.take(UInt8(ascii: ";")) {
      reader.skipSpace()
      // An empty parameter (`a/b;`) is allowed by the grammar.
      if reader.atEnd || reader.peek == UInt8(ascii: ",") || reader.peek == UInt8(ascii: ";") { continue }
      guard parameters.count < MediaType.parametersMax, let name = reader.token(), reader.take(UInt8(ascii: "=")),
        let value = reader.peek == UInt8(ascii: "\"") ? reader.quotedString() : reader.token()
      else { return nil }
      parameters.append(Parameter(name: name, value: value))
      reader.skipSpace()
    }
  }

  /// The whole text as one media type.
  init?(_ text: String) {
    var reader = HeaderFieldReader(text)
    reader.skipSpace()
    guard let media = MediaType(&reader), reader.atEnd else { return nil }
    self = media
  }

  /// Thousandths: the `q` parameter, 1000 without one, nil where it is malformed.
  var quality: Int? {
    guard let text = parameters.first(where: { $0.name == "q" })?.value else { return 1000 }
    let bytes = Array(text.utf8)
    guard let first = bytes.first, first == 0x30 || first == 0x31, bytes.count <= 5 else { return nil }
    guard bytes.count > 1 else { return first == 0x31 ? 1000 : 0 }
    guard bytes[1] == UInt8(ascii: "."), bytes.dropFirst(2).allSatisfy(\.isDigit) else { return nil }
    var thousandths = 0
    for place in 0..<3 { thousandths = thousandths * 10 + (place + 2 < bytes.count ? Int(bytes[place + 2] &- 0x30) : 0) }
    if first == 0x31 { return thousandths == 0 ? 1000 : nil }
    return thousandths
  }
}
