import Base
import Pattern

/// The forms that texts of a contract have. Each knows its check, its example and its pattern in the JSON Schema.
enum TextForm: Sendable, Equatable {
  /// Any text, of so many characters.
  case text(max: Int)
  /// The same, and not empty.
  case filled(max: Int)
  /// A table, a column, a schema: what a database takes between quotes.
  case database
  case name
  case identifier
  /// The name of a type, with `list of`.
  case type
  case duration
  case durationRange
  case percent
  case rate
  case range
  case precision
  case size
  case cron
  case url([String])
  case version
  case pattern
  case path
  /// `resource.event`
  case event
  /// The same with a `*` for either.
  case eventMatch
  /// `service.method`
  case call
  /// `field` or `-field`
  case sortKey
  case currency
  case mediaType
  case expression

  /// What is wrong with a text; nil where nothing is.
  func problem(_ text: String) -> String? {
    switch self {
    case .text(let max): text.unicodeScalars.count <= max ? nil : "has more than \(max) characters"
    case .filled(let max): text.isEmpty ? "is empty" : TextForm.text(max: max).problem(text)
    case .database:
      text.isEmpty || text.utf8.count > 63 || text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        ? "is not a name of 1 to 63 bytes without control characters" : nil
    case .name: Name.isSnakeCase(text) ? nil : "is not a snake_case name"
    case .identifier: Name.isIdentifier(text) ? nil : "is not a name of letters, digits and _"
    case .duration: DurationForm.milliseconds(text) == nil ? "is not a duration such as 500ms, 30s, 15m, 1h, 7d or 7y" : nil
    case .durationRange: DurationForm.range(text) == nil ? "is not a range of durations such as 100ms..2s" : nil
    case .percent: PercentForm.parse(text) == nil ? "is not a percentage such as 70%" : nil
    case .rate: RateForm.parse(text) == nil ? "is not a rate such as 60/minute (second, minute, hour, day)" : nil
    case .range: RangeForm.parse(text) == nil ? "is not a range such as 1..200" : nil
    case .precision: PrecisionForm.parse(text) == nil ? "is not a precision such as 12,2 (at most 18 digits)" : nil
    case .size: SizeForm.bytes(text) == nil ? "is not a size such as 512, 64KiB or 10MiB" : nil
    case .cron: CronForm.problem(text)
    case .url(let schemes): URLForm.problem(text, schemes: schemes)
    case .path: text.hasPrefix("/") && text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) ? nil : "is not a path that begins with /"
    case .type, .pattern, .expression: nil
    case .version, .event, .eventMatch, .call, .sortKey, .currency, .mediaType: fits(text) ? nil : "is not \(description)"
    }
  }

  private func fits(_ text: String) -> Bool {
    guard let regex, let pattern = try? Pattern(regex) else { return true }
    return pattern.matches(whole: text)
  }

  /// What it is, in words, for messages and the reference.
  var description: String {
    switch self {
    case .text, .filled: "a text"
    case .database: "a name as the database has it"
    case .name: "a snake_case name"
    case .identifier: "a name"
    case .type: "a type"
    case .duration: "a duration such as 30s"
    case .durationRange: "a range of durations such as 100ms..2s"
    case .percent: "a percentage such as 70%"
    case .rate: "a rate such as 60/minute"
    case .range: "a range such as 1..200"
    case .precision: "a precision such as 12,2"
    case .size: "a size such as 64KiB"
    case .cron: "a cron schedule such as \"0 3 * * *\""
    case .url: "a URL"
    case .version: "a version such as v1"
    case .pattern: "an RE2 pattern"
    case .path: "a path such as /charges"
    case .event: "an event such as orders.created"
    case .eventMatch: "an event or a group of them such as orders.*"
    case .call: "a call such as payments.post (get, post, put, patch, delete)"
    case .sortKey: "a field, or -field for the other direction"
    case .currency: "an ISO 4217 code such as EUR"
    case .mediaType: "a media type such as image/png"
    case .expression: "an expression"
    }
  }

  /// A regular expression (ECMA 262 and RE2 at once) for the JSON Schema, anchored by whoever uses it.
  var regex: String? {
    let name = "[a-z](?:_?[a-z0-9])*"
    let duration = "(?:[0-9]+(?:ms|[ywdhms]))+"
    return switch self {
    case .text, .filled, .database, .pattern, .expression: nil
    case .name: name
    case .identifier: "[A-Za-z_][A-Za-z0-9_]*"
    case .type: "(?:list of )?[a-z]+"
    case .duration: duration
    case .durationRange: "\(duration)\\.\\.\(duration)"
    case .percent: "[0-9]{1,3}%"
    case .rate: "[0-9]+/(?:second|minute|hour|day)"
    case .range: "[0-9]+(?:\\.\\.[0-9]+)?"
    case .precision: "[0-9]{1,2}, ?[0-9]{1,2}"
    case .size: "[0-9]+(?:KiB|MiB|GiB|kB|MB|GB|B)?"
    case .cron: "@[a-z]+|\\S+(?: +\\S+){4}"
    case .url(let schemes): "(?:\(schemes.map { $0.hasSuffix(":") ? String($0.dropLast()) : $0 }.joined(separator: "|"))):.*"
    case .version: "[a-z][a-z0-9]{0,15}"
    case .path: "/\\S*"
    case .event: "\(name)\\.\(name)"
    case .eventMatch: "(?:\(name)|\\*)(?:\\.(?:\(name)|\\*))?"
    case .call: "\(name)\\.(?:get|post|put|patch|delete)"
    case .sortKey: "-?[A-Za-z_][A-Za-z0-9_]*"
    case .currency: "[A-Z]{3}"
    case .mediaType: "[A-Za-z0-9!#$&^_.+-]+/(?:[A-Za-z0-9!#$&^_.+-]+|\\*)"
    }
  }
}
