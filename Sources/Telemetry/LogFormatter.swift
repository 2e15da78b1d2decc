import Base

/// Turns a line's parts into bytes, its newline included. Whatever a field holds, it stays on one line.
struct LogFormatter: Sendable {
  let format: LogFormat
  let colour: Bool

  func append(_ level: LogLevel, _ message: StaticString, _ fields: [LogField], at time: Timestamp, to out: inout [UInt8]) {
    begin(level, message, at: time, to: &out)
    for field in fields { append(field.name, field.value, to: &out) }
    end(&out)
  }

  func append(_ request: RequestLog, at time: Timestamp, to out: inout [UInt8]) {
    begin(request.level, "request", at: time, to: &out)
    switch format {
    case .json: appendJSONFields(of: request, to: &out)
    case .text: request.forEachField { append($0, $1, to: &out) }
    }
    end(&out)
  }

  private func begin(_ level: LogLevel, _ message: StaticString, at time: Timestamp, to out: inout [UInt8]) {
    switch format {
    case .json:
      out.append("{\"time\":\"")
      time.append(to: &out)
      out.append("\",\"level\":\"")
      out.append(level.name)
      out.append("\",\"message\":\"")
      out.append(message)
      out.append(UInt8(ascii: "\""))
    case .text:
      paint("\u{1B}[2m", to: &out) { time.append(to: &$0) }
      out.append(UInt8(ascii: " "))
      paint(tint(level), to: &out) { $0.append(level.name) }
      for _ in level.name.utf8CodeUnitCount..<8 { out.append(UInt8(ascii: " ")) }
      out.append(message)
    }
  }

  private func append(_ name: StaticString, _ value: LogValue, to out: inout [UInt8]) {
    switch format {
    case .json:
      out.append(",\"")
      out.append(name)
      // The unit stands in the name, because a number has none.
      if case .duration = value { out.append("_ms") }
      out.append("\":")
      appendJSON(value, to: &out)
    case .text:
      out.append(UInt8(ascii: " "))
      paint("\u{1B}[2m", to: &out) {
        $0.append(name)
        $0.append(UInt8(ascii: "="))
      }
      appendText(value, to: &out)
    }
  }

  private func end(_ out: inout [UInt8]) {
    if format == .json { out.append(UInt8(ascii: "}")) }
    out.append(UInt8(ascii: "\n"))
  }

  /// The same as field by field, in fewer pieces: this is done for every request.
  private func appendJSONFields(of request: RequestLog, to out: inout [UInt8]) {
    out.append(",\"method\":")
    LogFormatter.appendQuoted(request.method, to: &out)
    out.append(",\"route\":")
    LogFormatter.appendQuoted(request.route, to: &out)
    out.append(",\"status\":")
    out.append(decimal: Int64(request.status))
    out.append(",\"duration_ms\":")
    LogFormatter.appendMilliseconds(request.durationNanoseconds, to: &out)
    out.append(",\"bytes\":")
    out.append(decimal: Int64(request.bytes))
    out.append(",\"statements\":")
    out.append(decimal: Int64(request.statements))
    out.append(",\"request_id\":")
    LogFormatter.appendQuoted(request.requestID, to: &out)
    if let caller = request.caller { append("caller", .uuid(caller), to: &out) }
    if let cause = request.cause { append("cause", .cause(cause), to: &out) }
  }

  // MARK: values

  private func appendJSON(_ value: LogValue, to out: inout [UInt8]) {
    switch value {
    case .integer(let number): out.append(decimal: number)
    case .number(let number): if number.isFinite { out.append(number.description) } else { out.append("null") }
    case .boolean(let value): out.append(value ? "true" : "false")
    case .name(let text), .identifier(let text), .cause(let text): LogFormatter.appendQuoted(text, to: &out)
    case .uuid(let id):
      out.append(UInt8(ascii: "\""))
      id.append(to: &out)
      out.append(UInt8(ascii: "\""))
    case .duration(let nanoseconds): LogFormatter.appendMilliseconds(nanoseconds, to: &out)
    }
  }

  private func appendText(_ value: LogValue, to out: inout [UInt8]) {
    switch value {
    case .name(let text), .identifier(let text), .cause(let text):
      let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") }
      if isPlain, text.utf8.count <= LogValue.textBytesMax { out.append(text) } else { LogFormatter.appendQuoted(text, to: &out) }
    case .uuid(let id): id.append(to: &out)
    case .duration(let nanoseconds):
      LogFormatter.appendMilliseconds(nanoseconds, to: &out)
      out.append("ms")
    case .integer, .number, .boolean: appendJSON(value, to: &out)
    }
  }

  private func tint(_ level: LogLevel) -> StaticString {
    switch level {
    case .debug: "\u{1B}[2m"
    case .info: "\u{1B}[32m"
    case .notice: "\u{1B}[36m"
    case .warning: "\u{1B}[33m"
    case .error: "\u{1B}[31m"
    }
  }

  private func paint(_ colour: StaticString, to out: inout [UInt8], _ write: (inout [UInt8]) -> Void) {
    if self.colour { out.append(colour) }
    write(&out)
    if self.colour { out.append("\u{1B}[0m") }
  }

  // MARK: pieces

  /// Milliseconds with microseconds after the point.
  private static func appendMilliseconds(_ nanoseconds: UInt64, to out: inout [UInt8]) {
    let microseconds = nanoseconds / 1000
    out.append(decimal: microseconds / 1000)
    out.append(UInt8(ascii: "."))
    out.append(padded: microseconds % 1000, width: 3)
  }

  /// Visible ASCII and spaces that stand as they are in a JSON string.
  private static func isPlain(_ text: String) -> Bool {
    text.utf8.withContiguousStorageIfAvailable { bytes in
      for byte in bytes where byte < 0x20 || byte >= 0x7f || byte == 0x22 || byte == 0x5c { return false }
      return true
    } ?? false
  }

  /// A JSON string (RFC 8259 section 7). C1 and line separators are escaped as well, because terminals obey them.
  private static func appendQuoted(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    if text.utf8.count <= LogValue.textBytesMax, isPlain(text) {
      out.append(text)
      out.append(UInt8(ascii: "\""))
      return
    }
    var length = 0
    for scalar in text.unicodeScalars {
      length += UTF8.width(scalar)
      guard length <= LogValue.textBytesMax else {
        out.append("...")
        break
      }
      switch scalar.value {
      case 0x22, 0x5c:
        out.append(UInt8(ascii: "\\"))
        out.append(UInt8(scalar.value))
      case 0x0a: out.append("\\n")
      case 0x00..<0x20, 0x7f..<0xa0, 0x2028, 0x2029:
        out.append("\\u")
        for shift in stride(from: 12, through: 0, by: -4) {
          out.append(UInt8.hexadecimalDigit(UInt8(truncatingIfNeeded: scalar.value >> UInt32(shift)) & 15))
        }
      default: out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
