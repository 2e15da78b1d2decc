package import Base

/// Writes structured lines: JSON for collectors, readable text for people.
///
/// Never blocks its caller and never fails: what the bounded writer cannot take is dropped, counted and said later.
/// Messages are literals and fields are typed (`LogValue`), so that no record's contents can be logged by mistake.
package final class Logger: Sendable {
  package let level: LogLevel
  private let formatter: LogFormatter
  private let writer: LogWriter
  private let clock: any Clock

  /// - Parameters:
  ///   - level: lines below it are not written.
  ///   - colour: only where the format is text; see `LogWriter.wantsColour`.
  package init(level: LogLevel, format: LogFormat, colour: Bool, writer: LogWriter, clock: any Clock = SystemClock()) {
    self.level = level
    self.formatter = LogFormatter(format: format, colour: colour && format == .text)
    self.writer = writer
    self.clock = clock
  }

  /// To standard error, in colour where it is a terminal and `NO_COLOR` is not set.
  package static func standardError(level: LogLevel = .info, format: LogFormat) -> Logger {
    Logger(level: level, format: format, colour: LogWriter.wantsColour(descriptor: 2), writer: LogWriter(descriptor: 2))
  }

  package func log(_ level: LogLevel, _ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) {
    guard level >= self.level else { return }
    let fields = fields()
    append(level) { [formatter] now, out in formatter.append(level, message, fields, at: now, to: &out) }
  }

  private func append(_ level: LogLevel, _ format: (Timestamp, inout [UInt8]) -> Void) {
    let now = clock.now
    writer.append(isUrgent: level >= .warning) {
      format(now, &$0)
    } noteDrops: { [formatter] in
      formatter.append(.warning, "log lines dropped", [LogField("lines", .integer(Int64($0)))], at: now, to: &$1)
    }
  }

  package func debug(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) { log(.debug, message, fields()) }
  package func info(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) { log(.info, message, fields()) }
  package func notice(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) { log(.notice, message, fields()) }
  package func warning(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) { log(.warning, message, fields()) }
  package func error(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) { log(.error, message, fields()) }

  /// The one line of a request.
  package func request(_ request: RequestLog) {
    let level = request.level
    guard level >= self.level else { return }
    append(level) { [formatter] now, out in formatter.append(request, at: now, to: &out) }
  }

  /// Lines that were dropped since the start.
  package var droppedLines: Int { writer.droppedLines }

  /// Writes what is pending, waiting at most `timeoutMilliseconds`, and takes no more lines.
  package func close(timeoutMilliseconds: Int = 2000) { writer.close(timeoutMilliseconds: timeoutMilliseconds) }
}
