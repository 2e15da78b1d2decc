package import Base
import JSON

/// A record's key as one text, as it stands in URLs and as `id` in JSON. Each key has exactly one text, and each text at most
/// one key.
///
/// A key of several columns is their texts joined with `,`; in each of them `~` is written `~0` and `,` is written `~1`. A key
/// of one column is its value's text as it is; in a URL, where nothing can stand for an empty one, that is `~`, and a text of
/// nothing but `~` has one more of them.
package enum KeyText {
  private static let tilde = UInt8(ascii: "~")
  private static let comma = UInt8(ascii: ",")

  /// Appends a key's text. Nothing is appended for one that holds a null: such a row has no key.
  ///
  /// - Returns: whether there is a key.
  @discardableResult
  package static func append(_ parts: [Value], to out: inout [UInt8]) -> Bool {
    guard !parts.contains(where: \.isNull) else { return false }
    guard parts.count > 1 else {
      var text: [UInt8] = []
      parts.first?.appendText(to: &text)
      out.append(contentsOf: text)
      if text.allSatisfy({ $0 == tilde }) { out.append(tilde) }
      return true
    }
    for (place, part) in parts.enumerated() {
      if place > 0 { out.append(comma) }
      var text: [UInt8] = []
      part.appendText(to: &text)
      for byte in text {
        switch byte {
        case tilde: out.append("~0")
        case comma: out.append("~1")
        default: out.append(byte)
        }
      }
    }
    return true
  }

  package static func text(_ parts: [Value]) -> String {
    var out: [UInt8] = []
    append(parts, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// The texts of a key's `count` columns; nil for what `append` never writes.
  package static func parts(of text: String, count: Int) -> [String]? {
    guard count > 1 else {
      if text.isEmpty { return nil }
      return [text.utf8.allSatisfy { $0 == tilde } ? String(text.dropLast()) : text]
    }
    let escaped = text.utf8.split(separator: comma, omittingEmptySubsequences: false)
    guard escaped.count == count else { return nil }
    var parts: [String] = []
    for part in escaped {
      var bytes: [UInt8] = []
      var rest = part[...]
      while let byte = rest.popFirst() {
        guard byte == tilde else {
          bytes.append(byte)
          continue
        }
        switch rest.popFirst() {
        case 0x30: bytes.append(tilde)
        case 0x31: bytes.append(comma)
        default: return nil
        }
      }
      parts.append(String(decoding: bytes, as: UTF8.self))
    }
    return parts
  }
}
