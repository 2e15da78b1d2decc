import Base
import HTTP
import Service

/// `Prefer` (RFC 7240), as far as it is honoured here: what form a change's answer has, and what becomes of parameters that are
/// not known. Whatever else it says is passed over, as is what cannot be read.
struct Preferences: Sendable, Equatable {
  enum Return: String, Sendable { case minimal, representation }
  enum Handling: String, Sendable { case strict, lenient }

  var wanted: Return?
  var handling: Handling?

  /// Preferences looked at; what lies beyond counts as absent.
  static let countMax = 32

  static let none = Preferences()

  private init() {}

  /// - Parameter text: all fields of that name as one list.
  init(_ text: String) {
    var reader = HeaderFieldReader(text)
    var seen: Set<String> = []
    while !reader.atEnd, seen.count < Preferences.countMax {
      reader.skipSpace()
      // Section 2: of one that stands twice the first counts, and an empty value is none.
      if let name = reader.token(), seen.insert(name).inserted {
        let value = Preferences.value(&reader)
        if name == "return" { wanted = value.flatMap(Return.init) }
        if name == "handling" { handling = value.flatMap(Handling.init) }
      }
      Preferences.skipElement(&reader)
    }
  }

  /// `= word`, with space around it.
  private static func value(_ reader: inout HeaderFieldReader) -> String? {
    reader.skipSpace()
    guard reader.take(UInt8(ascii: "=")) else { return nil }
    reader.skipSpace()
    return reader.peek == UInt8(ascii: "\"") ? reader.quotedString() : reader.token()
  }

  /// Up to the next comma that stands in no quotes.
  private static func skipElement(_ reader: inout HeaderFieldReader) {
    while let byte = reader.peek, byte != UInt8(ascii: ",") {
      if byte == UInt8(ascii: "\"") {
        if reader.quotedString() == nil { return }
      } else {
        _ = reader.next()
      }
    }
    _ = reader.next()
  }

  /// The answer as it is preferred, and what `Preference-Applied` says of it; nil where nothing was.
  func applied(to answer: inout Answer, of method: MethodSet) -> String? {
    var applied: [String] = []
    let isChange = !method.isDisjoint(with: [.post, .put, .patch, .delete])
    if let wanted, isChange {
      switch wanted {
      case .minimal:
        // The kept answer of an idempotency key stays whole: this is of how it is sent.
        answer.body = []
        if answer.status == .ok { answer.status = .noContent }
        applied.append("return=minimal")
      case .representation: if !answer.body.isEmpty { applied.append("return=representation") }
      }
    }
    if let handling { applied.append("handling=" + handling.rawValue) }
    return applied.isEmpty ? nil : applied.joined(separator: ", ")
  }
}
