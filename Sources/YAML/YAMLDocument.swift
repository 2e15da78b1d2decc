/// A YAML 1.2 text, read whole: its tree, and everything that is wrong with it.
///
/// Outside of what is read here, each a named error: several documents, merge keys, tags that are not the core
/// schema's, keys that are not scalars. Aliases are expanded within `YAMLLimits.nodesMax`.
package struct YAMLDocument: Sendable {
  /// Nil when the text cannot be read on past its error.
  package var root: YAMLNode?
  package var errors: [YAMLError]

  /// Reads UTF-8. `source` is put in every mark.
  package init(_ bytes: [UInt8], source: Int = 0, limits: YAMLLimits = YAMLLimits()) {
    guard bytes.count <= limits.bytesMax else {
      root = nil
      errors = [YAMLError(.limit, "larger than \(limits.bytesMax) bytes", at: YAMLMark(line: 1, column: 1, source: source))]
      return
    }
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    if let mark = YAMLDocument.foreignBreak(in: text, source: source) {
      root = nil
      errors = [YAMLError(.syntax, "U+0085, U+2028 and U+2029 must be written as escapes (\\N, \\L, \\P)", at: mark)]
      return
    }
    var composer = Composer(text, source: source, limits: limits)
    do throws(YAMLError) {
      root = try composer.document()
      errors = composer.errors
    } catch {
      root = nil
      errors = composer.errors + [error]
    }
  }

  package init(_ text: String, source: Int = 0, limits: YAMLLimits = YAMLLimits()) {
    self.init(Array(text.utf8), source: source, limits: limits)
  }

  /// libyaml ends a line at the three breaks of YAML 1.1 that 1.2 has given up: with one of them in the text, every
  /// later place and every folded scalar would be wrong.
  private static func foreignBreak(in bytes: [UInt8], source: Int) -> YAMLMark? {
    var (line, column) = (1, 1)
    for position in bytes.indices {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\n") {
        (line, column) = (line + 1, 1)
        continue
      }
      let isNextLine = byte == 0xC2 && position + 1 < bytes.count && bytes[position + 1] == 0x85
      let isSeparator =
        byte == 0xE2 && position + 2 < bytes.count && bytes[position + 1] == 0x80 && bytes[position + 2] & 0xFE == 0xA8
      if isNextLine || isSeparator { return YAMLMark(line: line, column: column, source: source) }
      if byte & 0xC0 != 0x80 { column += 1 }
    }
    return nil
  }
}
