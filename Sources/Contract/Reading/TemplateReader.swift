import Expression
import YAML

/// Checks the expressions inside of paths (`/charges/{charge.id}`) and bodies (`{order: record.id, lines: [1, 2]}`).
struct TemplateReader {
  let rules: RuleReader
  let environment: ExpressionEnvironment

  func checkPath(_ node: YAMLNode, _ what: String) {
    guard let text = node.string else { return }
    let bytes = Array(text.utf8)
    var position = 0
    while let open = bytes[position...].firstIndex(of: UInt8(ascii: "{")) {
      guard let close = bytes[open...].firstIndex(of: UInt8(ascii: "}")) else {
        return rules.findings.report(
          .malformedValue, "\(what): \"{\" is not closed", at: rules.findings.mark(of: node, utf8Offset: open))
      }
      check(node, bytes[(open + 1)..<close], what)
      position = close + 1
    }
  }

  /// A body is `{name: expression, ...}`; an expression may be such a mapping again.
  func checkBody(_ node: YAMLNode, _ what: String) {
    guard let text = node.string else { return }
    checkValue(node, Array(text.utf8)[...], what, depth: 0)
  }

  private func checkValue(_ node: YAMLNode, _ bytes: ArraySlice<UInt8>, _ what: String, depth: Int) {
    let text = trimmed(bytes)
    guard text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}"), text.count >= 2, depth < 16 else {
      return check(node, text, what)
    }
    for part in parts(text.dropFirst().dropLast()) {
      let member = trimmed(part)
      if member.isEmpty { continue }
      guard let colon = member.firstIndex(of: UInt8(ascii: ":")), Name.isIdentifier(word(member[..<colon])) else {
        let mark = rules.findings.mark(of: node, utf8Offset: member.startIndex)
        rules.findings.report(.malformedValue, "\(what): a member is \"name: expression\"", at: mark)
        continue
      }
      checkValue(node, member[(colon + 1)...], what, depth: depth + 1)
    }
  }

  /// Cut at the commas that stand outside of brackets and quotes.
  private func parts(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var result: [ArraySlice<UInt8>] = []
    var (start, depth) = (bytes.startIndex, 0)
    var quote: UInt8?
    for position in bytes.indices {
      let byte = bytes[position]
      if let open = quote {
        if byte == open { quote = nil }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
      case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "("): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ")"): depth -= 1
      case UInt8(ascii: ",") where depth == 0:
        result.append(bytes[start..<position])
        start = position + 1
      default: break
      }
    }
    return result + [bytes[start...]]
  }

  private func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var slice = bytes.drop { $0 <= 0x20 }
    while let last = slice.last, last <= 0x20 { slice = slice.dropLast() }
    return slice
  }

  private func word(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: trimmed(bytes), as: UTF8.self) }

  private func check(_ node: YAMLNode, _ bytes: ArraySlice<UInt8>, _ what: String) {
    rules.expression(node, part: bytes, what, in: environment)
  }
}

extension RuleReader {
  /// Checks an expression that is a part of a scalar's text.
  @discardableResult
  func expression(
    _ node: YAMLNode, part: ArraySlice<UInt8>, _ what: String, in environment: ExpressionEnvironment
  ) -> CheckedExpression? {
    do throws(ExpressionError) {
      return try CheckedExpression.check(String(decoding: part, as: UTF8.self), expecting: nil, in: environment)
    } catch {
      let mark = findings.mark(of: node, utf8Offset: part.startIndex + error.offset)
      findings.report(.invalidExpression, "\(what): \(error.message)", at: mark, suggestion: error.suggestion)
      return nil
    }
  }
}
