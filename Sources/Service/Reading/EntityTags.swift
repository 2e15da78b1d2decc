import Base
import Crypto
import JSON

/// Makes and reads entity tags: `"REVISION.V"` (docs: ETags). V tells apart what the same revision looks like to
/// different callers, with other `fields` and in other codings; `If-Match` compares the revision alone.
struct EntityTags: Sendable {
  private let key: HMACKey

  init(secret: [UInt8]) { key = HMACKey(secret) }

  /// Twelve characters over everything that shapes an answer besides its revision.
  func variant(_ parts: [String]) -> [UInt8] {
    var message: [UInt8] = []
    for part in parts {
      message.append(decimal: UInt64(part.utf8.count))
      message.append(UInt8(ascii: ":"))
      message.append(part)
    }
    return digest(message)
  }

  /// Twelve characters over an answer's own bytes.
  func variant(of body: [UInt8], coding: ContentCoding) -> [UInt8] {
    var code = key.begin()
    code.message.update(coding.rawValue)
    code.message.update([0])
    code.message.update(body)
    return EntityTags.text(code.finish())
  }

  /// Stands in place of the revision where a table has none: a digest of the stored row.
  func state(of values: [Value]) -> String {
    var message: [UInt8] = []
    for value in values {
      let text = value.json
      message.append(decimal: UInt64(text.count))
      message.append(UInt8(ascii: ":"))
      message.append(contentsOf: text)
    }
    return "d" + String(decoding: digest(message), as: UTF8.self)
  }

  func tag(state: String, variant: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(40)
    out.append(UInt8(ascii: "\""))
    out.append(state)
    out.append(UInt8(ascii: "."))
    out.append(contentsOf: variant)
    out.append(UInt8(ascii: "\""))
    return String(decoding: out, as: UTF8.self)
  }

  func weak(_ variant: [UInt8]) -> String { "W/\"" + String(decoding: variant, as: UTF8.self) + "\"" }

  private func digest(_ message: [UInt8]) -> [UInt8] { EntityTags.text(key.code(for: message)) }

  private static func text(_ digest: SHA256Digest) -> [UInt8] {
    var code: [UInt8] = []
    digest.append(to: &code)
    var out: [UInt8] = []
    Base64URL.encode(code.span.extracting(0..<9), to: &out)
    return out
  }
}

extension Preconditions.Tags {
  /// Whether `If-Match` lets a change of a record in this state pass (RFC 9110 section 13.1.1: strong comparison; weak
  /// tags never match).
  func allows(state: String) -> Bool {
    switch self {
    case .any: true
    case .tags(let tags):
      tags.contains { tag in
        guard !tag.hasPrefix("W/"), let dot = tag.lastIndex(of: ".") else { return false }
        return tag[..<dot] == state
      }
    }
  }

  /// Whether `If-None-Match` names a tag, which comes as it is sent: in quotes, a weak one with `W/` (weak comparison,
  /// section 13.1.2).
  package func names(_ etag: String) -> Bool {
    switch self {
    case .any: true
    case .tags(let tags): tags.contains { Self.withoutMark($0) == Self.withoutMark(etag).dropFirst().dropLast() }
    }
  }

  private static func withoutMark(_ tag: String) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : Substring(tag) }
}
