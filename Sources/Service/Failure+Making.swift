extension Failure {
  /// 400 `bad_parameter`.
  static func parameter(_ name: String, _ detail: String, _ hint: String? = nil) -> Failure {
    let detail = hint.map { detail + "; " + $0 } ?? detail
    return Failure(
      .badParameter, "The parameter \(name) is not valid: \(detail)",
      items: [Item(parameter: name, code: FailureCode.badParameter.rawValue, detail: detail)])
  }

  /// 404. The same words whether the record is missing or hidden.
  static func notFound(_ resource: String) -> Failure { Failure(.notFound, "There is no such record in \(resource)") }

  static func validation(_ items: [Item]) -> Failure {
    Failure(.validation, items.count == 1 ? "1 field is not valid" : "\(items.count) fields are not valid", items: items)
  }

  /// Whether it is the record's own key that is taken.
  var isOfKey: Bool { items.contains { $0.pointer == "/id" } }
}
