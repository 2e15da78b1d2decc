import Base
import Contract
import Store

/// A list's parameters, parsed and checked.
struct ListRequest: Sendable {
  enum Count: String { case exact, estimated }

  let limit: Int
  /// Without the id at its end.
  var order: [IndexChoice.Term] = []
  var keyDescending = true
  /// `FIELD=VALUE`, and top-level equalities of the filter.
  var equalities: [(field: String, value: Value)] = []
  var selection = Selection.all
  var count: Count?
  var search: Search?
  var after: String?
  var before: String?
  /// What a cursor is bound to.
  var identity: String

  /// `search=words`
  struct Search: Sendable {
    var text: SearchText
    /// Which fields are searched: those that the caller sees in every row. A field that is hidden in some would tell, by what is
    /// found, what it hides.
    var fields: [FieldLayout]
  }

  static let limitMax: Int64 = 100

  /// - Parameters:
  ///   - isLenient: names that are not known are passed over.
  ///   - members: what may be filtered and sorted by: the members that this caller sees in every row.
  ///   - visible: the members of a resource that this caller sees at all.
  init(
    _ parameters: ListParameters, isLenient: Bool = false, plan: ResourcePlan, contract: Contract, members: [String],
    visible: (Resource) -> [String]
  ) throws(Failure) {
    identity = [parameters.sort, parameters.filter, parameters.deleted, parameters.search].map {
      $0.map { "\($0.utf8.count):\($0)" } ?? "-"
    }.joined()
    for (name, value) in parameters.equals { identity += "\(name.utf8.count):\(name)\(value.utf8.count):\(value)" }
    limit = try ListRequest.limit(parameters.limit)
    try sort(parameters.sort, plan: plan, members: members)
    for (name, text) in parameters.equals {
      guard members.contains(name), let place = plan.table.place(name) else {
        if isLenient { continue }
        throw ListRequest.unknown(name, members: members)
      }
      equalities.append((name, try ListRequest.value(of: text, field: plan.table.fields[place], plan: plan)))
    }
    if let text = parameters.count {
      guard let count = Count(rawValue: text) else { throw Failure.parameter("count", "must be exact or estimated") }
      self.count = count
    }
    if let text = parameters.search { search = try Search(text, plan: plan, members: members) }
    guard parameters.after == nil || parameters.before == nil else {
      throw Failure.parameter("before", "cannot be used together with after")
    }
    after = parameters.after
    before = parameters.before
    selection = try Selection(
      fields: parameters.fields, include: parameters.include, resource: plan.resource, contract: contract, visible: visible)
  }

  /// `limit=`: 20 where it is left out.
  static func limit(_ text: String?) throws(Failure) -> Int {
    guard let text else { return 20 }
    guard let limit = Int64(text), (1...limitMax).contains(limit), text.utf8.first?.isDigit == true else {
      throw Failure.parameter("limit", "must be 1 to \(limitMax)")
    }
    return Int(limit)
  }

  private static let ownParameters = [
    "limit", "after", "before", "sort", "filter", "fields", "include", "count", "search", "deleted",
  ]

  private static func unknown(_ name: String, members: [String]) -> Failure {
    let hint = Suggestion.question(name, in: ownParameters + members)
    let detail = "there is no parameter or field \"\(name.excerpt)\"" + (hint.map { "; " + $0 } ?? "")
    return Failure(
      .unknownParameter, "The parameter \(name.excerpt) is not known" + (hint.map { "; " + $0 } ?? ""),
      items: [.init(parameter: name.shortened, code: FailureCode.unknownParameter.rawValue, detail: detail)])
  }

  /// The value of `FIELD=text`.
  private static func value(of text: String, field: FieldLayout, plan: ResourcePlan) throws(Failure) -> Value {
    let type: FieldType
    if let declared = field.field?.type {
      type = declared
    } else if field.name == "id" {
      guard let key = plan.key(text) else { throw Failure.parameter("id", "is not an id of \(plan.resource.name)") }
      return key.count == 1 ? key[0] : .list(key)
    } else {
      type = field.name == "revision" ? .integer(minimum: nil, maximum: nil) : .timestamp
    }
    do {
      return try FieldReader.value(of: text, as: type, asWritten: !plan.resource.storage.isManaged)
    } catch {
      throw Failure.parameter(field.name, error.detail)
    }
  }

  /// `sort=-placed,name`. Without one: newest first, and an adopted table by its key.
  private mutating func sort(_ text: String?, plan: ResourcePlan, members: [String]) throws(Failure) {
    guard let text else {
      keyDescending = plan.resource.storage.hasOwnKey
      return
    }
    var seen: Set<String> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let isDescending = part.hasPrefix("-")
      let name = String(isDescending ? part.dropFirst() : part)
      guard members.contains(name) else {
        throw Failure.parameter(
          "sort", name.isEmpty ? "holds an empty name" : "\(plan.resource.name) has no field \"\(name.excerpt)\"",
          Suggestion.question(name, in: members))
      }
      guard seen.insert(name).inserted else { throw Failure.parameter("sort", "names \"\(name)\" twice") }
      guard seen.count <= 8 else { throw Failure.parameter("sort", "names more than 8 fields") }
      guard !seen.contains("id") || name == "id" else { throw Failure.parameter("sort", "id must be the last field") }
      keyDescending = isDescending
      if name != "id" { order.append(IndexChoice.Term(field: name, isDescending: isDescending)) }
    }
  }
}

extension ListRequest.Search {
  fileprivate init(_ text: String, plan: ResourcePlan, members: [String]) throws(Failure) {
    fields = (plan.table.words?.fields ?? []).filter { members.contains($0.name) }
    guard !fields.isEmpty else {
      throw Failure.unknownParameter(
        "search", known: [],
        "\(plan.resource.name) has no field that is searched: add \"search: true\" to one of type string or text, in the contract")
    }
    do {
      self.text = try SearchText(text)
    } catch {
      throw Failure.parameter("search", error.detail)
    }
  }
}

extension ResourcePlan {
  /// The key's values from its URL form; nil when it cannot be one.
  func key(_ text: String) -> [Value]? {
    let columns = resource.storage.key
    // What nearly all keys are.
    if columns.count == 1, case .uuid = columns[0].type { return UUID(text).map { [.uuid($0)] } }
    guard let parts = KeyText.parts(of: text, count: columns.count) else { return nil }
    var values: [Value] = []
    for (part, column) in zip(parts, columns) {
      guard let value = try? FieldReader.value(of: part, as: column.type, asWritten: !resource.storage.isManaged) else { return nil }
      values.append(value)
    }
    return values
  }
}
