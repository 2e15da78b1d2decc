import Base
import YAML

/// Reads one field of a resource: a stored field, a ref or an inverse. Expressions follow later.
struct FieldDeclarationReader {
  let reader: ContractReader
  let key: YAMLNode
  let node: YAMLNode
  var name: String { key.text }
  var findings: Findings { reader.findings }

  /// What every record has.
  static let engineNames: Set<String> = ["id", "created_at", "updated_at", "revision"]
  /// Parameters of lists: a field of that name could not be asked for.
  static let parameterNames: Set<String> = [
    "limit", "after", "before", "sort", "filter", "fields", "include", "search", "count", "deleted",
  ]

  init(_ reader: ContractReader, _ member: YAMLMember) {
    self.reader = reader
    key = member.key
    node = member.value
  }

  func read(into draft: inout ResourceDraft) {
    guard Name.isIdentifier(name) else { return }
    checkName(draft)
    draft.fieldKeys[name] = key
    draft.fieldNodes[name] = node
    checkOptions(draft)
    if node["many"] != nil {
      readInverse(&draft)
    } else if var field = field(draft) {
      readOptions(of: &field)
      if field.isSearched { checkSearch(field, draft) }
      if later(field, &draft) { draft.leftOut.insert(name) } else { draft.resource.fields.append(field) }
    } else {
      draft.broken.insert(name)
    }
  }

  private func checkName(_ draft: ResourceDraft) {
    let place = "\(draft.resource.name).\(name)"
    let isFree = draft.isAdopted && name != "id" && !ownNames(draft).contains(name)
    if FieldDeclarationReader.engineNames.contains(name), !isFree {
      findings.report(.reservedName, "\(place): every record has \"\(name)\" already", at: key.mark)
    } else if FieldDeclarationReader.parameterNames.contains(name) {
      findings.report(
        .reservedName, "\(place): \"\(name)\" is a parameter of lists", at: key.mark,
        suggestion: draft.isAdopted ? "give it another name and say column: \(name)" : nil)
    } else if !draft.isAdopted, !Name.isSnakeCase(name) {
      findings.report(
        .malformedName, "\(place) is not a snake_case name", at: key.mark,
        suggestion: Name.snakeCase(of: name).map { "did you mean \"\($0)\"?" })
    }
  }

  private func ownNames(_ draft: ResourceDraft) -> Set<String> {
    var names: Set<String> = []
    if draft.resource.storage.hasTimestamps { names.formUnion(["created_at", "updated_at"]) }
    if draft.resource.storage.hasRevision { names.insert("revision") }
    return names
  }

  /// What kind of field it is, as options name it: a type, `ref`, `list` or `many`. Nil where that is not known.
  private var kind: String? {
    if node["many"] != nil { return "many" }
    if node["ref"] != nil { return Language.refType }
    guard let text = typeText else { return nil }
    return text.hasPrefix("list of ") ? Language.listType : text
  }

  var typeText: String? { node.isScalar ? node.string : node["type"]?.string }

  private func checkOptions(_ draft: ResourceDraft) {
    guard let kind else { return }
    let place = "\(draft.resource.name).\(name)"
    let heads = ["type", "ref", "many"].filter { node[$0] != nil }
    if heads.count > 1 {
      findings.report(.contradiction, "\(place) has \(heads.joined(separator: " and ")): one of them", at: key.mark)
    }
    // An inverse has no column and is no field of its own.
    let inverse: Set<String> = ["many", "by", "description", "deprecated"]
    let item = kind == Language.listType ? String(typeText?.dropFirst("list of ".count) ?? "") : nil
    for member in node.members where !heads.contains(member.key.text) {
      guard let known = Language.field.key(member.key.text) else { continue }
      let isItems = item.map { known.types.contains($0) && Language.itemOptions.contains(known.name) } ?? false
      let fits = kind == "many" ? inverse.contains(known.name) : known.types.isEmpty || known.types.contains(kind) || isItems
      guard !fits else { continue }
      let types = known.types.filter { $0 != "many" }
      let hint = types.isEmpty || kind == "many" ? nil : "it belongs to \(types.joined(separator: ", "))"
      let what = kind == "many" ? "an inverse" : kind == "ref" ? "a ref" : kind
      findings.report(.foreignOption, "\(place): \(what) has no option \"\(known.name)\"", at: member.key.mark, suggestion: hint)
    }
  }

  private func readInverse(_ draft: inout ResourceDraft) {
    guard let target = node["many"]?.string, let by = node["by"]?.string else {
      draft.broken.insert(name)
      return
    }
    var collection = Collection(name: name, resource: target, by: by)
    collection.description = node["description"]?.string
    draft.resource.collections.append(collection)
  }

  /// The field with its type; nil where that cannot be read.
  private func field(_ draft: ResourceDraft) -> Field? {
    if let target = node["ref"] {
      guard let resource = target.string else { return nil }
      let deletion = node["on_delete"]?.string.flatMap(Reference.Deletion.init(rawValue:)) ?? .restrict
      if deletion == .setNull, node["required"]?.boolean == true, let mark = node["on_delete"]?.mark {
        findings.report(.contradiction, "\(draft.resource.name).\(name) is required and set_null", at: mark)
      }
      return Field(name: name, type: .ref(Reference(resource: resource, onDelete: deletion)))
    }
    guard let text = typeText else { return nil }
    let place = "\(draft.resource.name).\(name)"
    guard let type = TypeReader(text: text, node: node, place: place, key: key, findings: findings).read() else { return nil }
    return Field(name: name, type: type)
  }

  private func readOptions(of field: inout Field) {
    field.description = node["description"]?.string
    field.isRequired = node["required"]?.boolean ?? false
    field.isUnique = node["unique"]?.boolean ?? false
    field.isIndexed = node["index"]?.boolean ?? false
    field.isSearched = node["search"]?.boolean ?? false
    field.isImmutable = node["immutable"]?.boolean ?? false
    field.isDeprecated = node["deprecated"]?.boolean ?? false
    field.isPersonal = node["personal"]?.boolean ?? false
    field.isGenerated = node["generated"]?.boolean ?? false
    field.was = node["was"]?.string
    if let column = node["column"]?.string { field.column = column }
    if case .ref = field.type { field.isIndexed = true }
    if field.isUnique || field.isIndexed, !field.type.isIndexable {
      let option = field.isUnique ? "unique" : "index"
      findings.report(.unindexable, "\(name): \(typeText ?? "this type") cannot have an index", at: node[option]?.mark ?? key.mark)
    }
    if field.isGenerated, field.isRequired || node["default"] != nil {
      findings.report(.contradiction, "\(name) is generated: the database alone gives it a value", at: key.mark)
    }
    readEncoding(&field)
  }

  /// Characters that a searched field has at most: what a database can be asked to index of one value.
  private static let searchedLengthMax = 65_536
  private static let searchedFieldsMax = 16

  private func checkSearch(_ field: Field, _ draft: ResourceDraft) {
    let place = "\(draft.resource.name).\(name)"
    let mark = node["search"]?.mark ?? key.mark
    if !draft.resource.storage.isManaged {
      findings.report(
        .unsearchable, "\(place): the index of words would be a change of a table that is not Martlet's own", at: mark,
        suggestion: draft.resource.storage.isReadOnly ? nil : "say \"managed: true\" if Martlet may change it")
    } else if draft.node?["id"]?["columns"] != nil {
      findings.report(.unsearchable, "\(place): records whose key has several columns cannot be searched", at: mark)
    }
    if draft.resource.fields.count(where: \.isSearched) >= FieldDeclarationReader.searchedFieldsMax {
      findings.report(
        .unsearchable, "\(place): more than \(FieldDeclarationReader.searchedFieldsMax) fields of \(draft.resource.name) are searched",
        at: mark)
    }
    switch field.type {
    case .string(let options), .text(let options):
      guard options.length.upperBound > FieldDeclarationReader.searchedLengthMax else { return }
      findings.report(
        .unsearchable, "\(place): a searched field has at most \(FieldDeclarationReader.searchedLengthMax) characters", at: mark)
    default: break
    }
  }

  private func readEncoding(_ field: inout Field) {
    guard let stored = node["stored_as"] else { return }
    let encoding: ColumnEncoding? =
      switch (stored.string, field.type) {
      case ("text", .date), ("text", .timestamp): .text
      case ("text", .uuid): .uuidText
      case ("real", .decimal): .real
      case ("unix", .timestamp): .unixSeconds
      case ("unix_milliseconds", .timestamp): .unixMilliseconds
      case (nil, .boolean):
        if let yes = stored["yes"]?.string, let no = stored["no"]?.string, yes != no { .texts(yes: yes, no: no) } else { nil }
      default: nil
      }
    if let encoding {
      field.encoding = encoding
    } else {
      findings.report(.invalidEncoding, "\(name): \(typeText ?? "this type") cannot be stored that way", at: stored.mark)
    }
  }

  /// Whether the field's engine is not there yet: then it is no part of the model, because keeping it any other way than
  /// the contract asks would be worse than not keeping it.
  private func later(_ field: Field, _ draft: inout ResourceDraft) -> Bool {
    var what: String?
    switch field.type {
    case .secret: what = "secret fields"
    case .file: what = "file fields"
    default: if node["encrypted"]?.boolean == true { what = "encrypted fields" }
    }
    guard let what else { return false }
    findings.report(
      .closedUntilServed, "\(draft.resource.name).\(name) is accepted; this version does not serve \(what) yet and leaves it out",
      at: key.mark)
    return true
  }
}
