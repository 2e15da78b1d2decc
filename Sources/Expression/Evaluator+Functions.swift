import Base

extension Evaluator {
  mutating func call(
    _ function: ExpressionNode.Function, _ arguments: [ExpressionNode], at offset: Int
  ) throws(EvaluationError) -> Value {
    guard let first = arguments.first else { throw EvaluationError(.type, at: offset) }
    switch function {
    case .size: return .integer(try size(try evaluate(first), at: offset))
    case .startsWith, .endsWith, .contains:
      guard arguments.count == 2 else { throw EvaluationError(.type, at: offset) }
      let (text, part) = (try text(first), try text(arguments[1]))
      try charge((text.utf8.count + part.utf8.count) / 32, at: offset)
      switch function {
      case .startsWith: return .boolean(text.utf8.starts(with: part.utf8))
      case .endsWith: return .boolean(text.utf8.reversed().starts(with: part.utf8.reversed()))
      default: return .boolean(TextSearch.contains(Array(text.utf8), Array(part.utf8)))
      }
    case .email, .url:
      let argument = try evaluate(first).value
      try charge(argument.textBytes / 32, at: offset)
      return (function == .email ? CanonicalText.email : .url).canonical(argument)
    case .timestamp, .date, .duration, .decimal:
      let argument = try evaluate(first).value
      if argument.isNull { throw EvaluationError(.null, at: offset) }
      switch function {
      case .timestamp: return try timestamp(argument, at: offset)
      case .date: return try date(argument, at: offset)
      case .duration: return try duration(argument, at: offset)
      default: return try decimal(argument, at: offset)
      }
    }
  }

  private mutating func size(_ value: ExpressionValue, at offset: Int) throws(EvaluationError) -> Int64 {
    switch value {
    case .scalar(.string(let text)):
      try charge(text.utf8.count / 32, at: offset)
      return Int64(text.unicodeScalars.count)
    case .list(let items): return Int64(items.count)
    case .scalar(.list(let items)): return Int64(items.count)
    case .scalar(.null): throw EvaluationError(.null, at: offset)
    default: throw EvaluationError(.type, at: offset)
    }
  }

  private func timestamp(_ value: Value, at offset: Int) throws(EvaluationError) -> Value {
    switch value {
    case .timestamp: return value
    case .date(let date):
      let start = date.start
      guard start >= .minimum, start <= .maximum else { throw EvaluationError(.range, at: offset) }
      return .timestamp(start)
    case .string(let text):
      guard let time = Timestamp(exactly: text) else { throw EvaluationError(.text, at: offset) }
      return .timestamp(time)
    case .integer(let seconds):
      let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
      let time = Timestamp(microseconds: microseconds)
      guard !overflow, time >= .minimum, time <= .maximum else { throw EvaluationError(.range, at: offset) }
      return .timestamp(time)
    default: throw EvaluationError(.type, at: offset)
    }
  }

  private func date(_ value: Value, at offset: Int) throws(EvaluationError) -> Value {
    switch value {
    case .date: return value
    case .timestamp(let time): return .date(time.date)
    case .string(let text):
      guard let date = CalendarDate(text) else { throw EvaluationError(.text, at: offset) }
      return .date(date)
    default: throw EvaluationError(.type, at: offset)
    }
  }

  private func duration(_ value: Value, at offset: Int) throws(EvaluationError) -> Value {
    switch value {
    case .duration: return value
    case .string(let text):
      guard let microseconds = DurationText.microseconds(of: text) else { throw EvaluationError(.text, at: offset) }
      return .duration(microseconds)
    default: throw EvaluationError(.type, at: offset)
    }
  }

  private func decimal(_ value: Value, at offset: Int) throws(EvaluationError) -> Value {
    switch value {
    case .decimal: return value
    case .integer(let integer):
      guard let decimal = Decimal(String(integer)) else { throw EvaluationError(.overflow, at: offset) }
      return .decimal(decimal)
    case .string(let text):
      guard let decimal = Decimal(text) else { throw EvaluationError(.text, at: offset) }
      return .decimal(decimal)
    default: throw EvaluationError(.type, at: offset)
    }
  }
}

extension Value {
  /// The bytes of a text, or of a list's texts.
  fileprivate var textBytes: Int {
    switch self {
    case .string(let text): text.utf8.count
    case .list(let items): items.reduce(items.count) { $0 + $1.textBytes }
    default: 0
    }
  }
}

/// Finds bytes within bytes.
enum TextSearch {
  /// Knuth-Morris-Pratt: linear, whatever the texts.
  static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard part.count > 1 else { return part.first.map(text.contains) ?? true }
    guard part.count <= text.count else { return false }
    var borders = [0]
    borders.reserveCapacity(part.count)
    var matched = 0
    for place in 1..<part.count {
      while matched > 0, part[place] != part[matched] { matched = borders[matched - 1] }
      if part[place] == part[matched] { matched += 1 }
      borders.append(matched)
    }
    matched = 0
    for byte in text {
      while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
      if byte == part[matched] { matched += 1 }
      if matched == part.count { return true }
    }
    return false
  }
}
