import Base
import Service

/// The parameters of a URL's query, in order, decoded (`+` is a space there).
struct QueryString: Sendable {
  typealias Parameter = (name: String, value: String)

  /// More than any request of ours has, and few enough to compare each with each.
  static let parametersMax = 64

  private(set) var parameters: [Parameter] = []

  /// Throws `bad_parameter` for bad escapes, a name that stands twice, and too many of them.
  init(_ text: ArraySlice<UInt8>?) throws(Failure) {
    guard let text, !text.isEmpty else { return }
    var rest = text
    while !rest.isEmpty {
      let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex
      let pair = rest[..<end]
      rest = end == rest.endIndex ? rest[end...] : rest[(end + 1)...]
      if pair.isEmpty { continue }
      try append(pair)
    }
  }

  private mutating func append(_ pair: ArraySlice<UInt8>) throws(Failure) {
    let equals = pair.firstIndex(of: UInt8(ascii: "="))
    let rawName = pair[..<(equals ?? pair.endIndex)]
    let rawValue = equals.map { pair[($0 + 1)...] } ?? pair[pair.endIndex...]
    guard let name = PercentEncoding.decode(rawName, plusIsSpace: true), !name.isEmpty else {
      throw Failure(.badParameter, "The query holds a parameter without a proper name")
    }
    guard let value = PercentEncoding.decode(rawValue, plusIsSpace: true) else {
      throw QueryString.refusal(name, code: "encoding", "is not properly percent-encoded UTF-8")
    }
    guard !parameters.contains(where: { $0.name == name }) else {
      throw QueryString.refusal(name, code: "duplicate", "stands twice")
    }
    guard parameters.count < QueryString.parametersMax else {
      throw Failure(.badParameter, "The query holds more than \(QueryString.parametersMax) parameters")
    }
    parameters.append((name, value))
  }

  static func refusal(_ name: String, code: String, _ detail: String) -> Failure {
    Failure(
      .badParameter, "The parameter \(name.excerpt) \(detail)",
      items: [Failure.Item(parameter: name.shortened, code: code, detail: detail)])
  }

  /// The parameters of a list; what is none of them is taken for `FIELD=VALUE`, whose names the service checks.
  func list() -> ListParameters {
    var list = ListParameters()
    for (name, value) in parameters { list.set(name, value) }
    return list
  }

  /// The parameters of a read.
  func read() -> ReadParameters {
    var read = ReadParameters()
    for (name, value) in parameters {
      switch name {
      case "fields": read.fields = value
      case "include": read.include = value
      case "at": read.at = value
      case "deleted": read.deleted = value
      default: read.others.append(name)
      }
    }
    return read
  }

  /// The parameters of a record's history.
  func history() -> HistoryParameters {
    var history = HistoryParameters()
    for (name, value) in parameters {
      switch name {
      case "limit": history.limit = value
      case "after": history.after = value
      case "before": history.before = value
      case "deleted": history.deleted = value
      default: history.others.append(name)
      }
    }
    return history
  }

  /// The parameters of a named query; those that it does not have are told by the service.
  func named() -> QueryParameters {
    var named = QueryParameters()
    for (name, value) in parameters {
      switch name {
      case "limit": named.limit = value
      case "after": named.after = value
      default: named.values.append((name, value))
      }
    }
    return named
  }

  /// For endpoints without parameters: throws `unknown_parameter` where there is one.
  func demandNone() throws(Failure) {
    guard let first = parameters.first else { return }
    throw Failure(
      .unknownParameter, "There is no parameter \"\(first.name.excerpt)\" here",
      items: parameters.map { Failure.Item(parameter: $0.name.shortened, code: "unknown_parameter", detail: "is not known here") })
  }
}
