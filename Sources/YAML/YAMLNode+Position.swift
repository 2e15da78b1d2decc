/// The text of a source, to find places inside of its scalars.
package struct YAMLSource: Sendable {
  private let lines: [[Unicode.Scalar]]

  /// Lines end at LF, CR LF or CR.
  package init(_ bytes: [UInt8]) {
    var lines: [[Unicode.Scalar]] = [[]]
    var previous: Unicode.Scalar = " "
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      if scalar == "\n" && previous == "\r" {
        previous = scalar
        continue
      }
      previous = scalar
      if scalar == "\n" || scalar == "\r" { lines.append([]) } else { lines[lines.count - 1].append(scalar) }
    }
    self.lines = lines
  }

  /// Where the UTF-8 offset of a scalar node's text stands in the source, through quotes, escapes and folded lines.
  /// The node's own place where that cannot be told.
  package func mark(of node: YAMLNode, utf8Offset: Int) -> YAMLMark {
    guard node.isScalar, !node.isSubstituted, utf8Offset >= 0 else { return node.mark }
    var walk = Walk(lines: lines, line: node.mark.line - 1, column: node.mark.column - 1)
    switch node.style {
    case .singleQuoted, .doubleQuoted: walk.column += 1
    case .literal, .folded: walk.nextLine()
    case .plain: break
    }
    var offset = 0
    for scalar in node.text.unicodeScalars {
      guard walk.align(to: scalar, style: node.style) else { return node.mark }
      if offset >= utf8Offset { return place(walk, node) }
      offset += UTF8.width(scalar)
      walk.step(over: scalar, style: node.style)
    }
    return place(walk, node)
  }

  private func place(_ walk: Walk, _ node: YAMLNode) -> YAMLMark {
    YAMLMark(line: walk.line + 1, column: walk.column + 1, source: node.mark.source)
  }

  /// A position that goes along with a scalar's value.
  private struct Walk {
    let lines: [[Unicode.Scalar]]
    var line: Int
    var column: Int

    var current: Unicode.Scalar? {
      line < lines.count && column < lines[line].count ? lines[line][column] : nil
    }

    mutating func nextLine() {
      line += 1
      column = 0
    }

    /// Moves over indentation and breaks to where the scalar is written. False when it is not found.
    mutating func align(to scalar: Unicode.Scalar, style: YAMLNode.Style) -> Bool {
      if scalar == " " || scalar == "\n" || scalar == "\t" { return line < lines.count }
      while current != scalar {
        if style == .doubleQuoted, current == "\\" {
          // An escaped line break stands for nothing.
          guard column + 1 == lines[line].count else { return true }
          nextLine()
          continue
        }
        if let blank = current {
          guard blank == " " || blank == "\t" else { return false }
          column += 1
        } else {
          guard line + 1 < lines.count else { return false }
          nextLine()
        }
      }
      return true
    }

    /// Past one scalar of the value, however many characters it took to write.
    mutating func step(over scalar: Unicode.Scalar, style: YAMLNode.Style) {
      if current == scalar, scalar != "\\" || style != .doubleQuoted {
        column += scalar == "'" && style == .singleQuoted ? 2 : 1
      } else if style == .doubleQuoted, current == "\\" {
        column += 1
        let width: Int =
          switch current {
          case "x": 3
          case "u": 5
          case "U": 9
          default: 1
          }
        column += width
      } else if current == nil {
        nextLine()
      }
    }
  }
}
