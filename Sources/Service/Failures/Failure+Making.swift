import Base

extension Failure {
  /// 400 `bad_parameter`.
  static func parameter(_ name: String, _ detail: String, _ hint: String? = nil) -> Failure {
    let detail = hint.map { detail + "; " + $0 } ?? detail
    return Failure(
      .badParameter, "The parameter \(name) is not valid: \(detail)",
      items: [Item(parameter: name, code: FailureCode.badParameter.rawValue, detail: detail)])
  }

  /// 400 `unknown_parameter`.
  static func unknownParameter(_ name: String, known: [String], _ detail: String) -> Failure {
    Failure(
      .unknownParameter, "The parameter \(name) is not known here",
      items: [
        Item(
          parameter: name, code: FailureCode.unknownParameter.rawValue,
          detail: Suggestion.question(name, in: known) ?? detail)
      ])
  }

  /// 400 `bad_cursor`, for the parameter that held it.
  static func badCursor(_ detail: String, parameter: String, _ item: String) -> Failure {
    Failure(.badCursor, detail, items: [Item(parameter: parameter, code: FailureCode.badCursor.rawValue, detail: item)])
  }

  /// 404. The same words whether the record is missing or hidden.
  static func notFound(_ resource: String) -> Failure { Failure(.notFound, "There is no such record in \(resource)") }

  /// 503: the process holds as many bytes as it may. Nothing was changed.
  package static var memory: Failure {
    var failure = Failure(.overloaded, "The service holds as many bytes as it may at the moment; nothing was changed")
    failure.retryAfter = 1
    return failure
  }

  /// 503: more requests come than the store can do. Nothing was changed.
  package static var shed: Failure {
    var failure = Failure(.overloaded, "Too many requests are waiting for the database")
    failure.retryAfter = 1
    failure.wasShed = true
    return failure
  }

  static func validation(_ items: [Item]) -> Failure {
    Failure(.validation, items.count == 1 ? "1 field is not valid" : "\(items.count) fields are not valid", items: items)
  }

  /// 409 `restricted`: `RESOURCE.FIELD` of those who refer to the record, as far as the caller may know of them.
  static func restricted(_ names: [String]) -> Failure {
    Failure(
      .restricted, "Other records refer to this one" + (names.isEmpty ? "" : ": " + names.joined(separator: ", ")),
      items: names.map { .init(code: FailureCode.restricted.rawValue, detail: "records refer to it through \($0)") })
  }

  /// Whether it is the record's own key that is taken.
  var isOfKey: Bool { items.contains { $0.pointer == "/id" } }
}
