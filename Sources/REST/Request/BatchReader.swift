import Base
import Identity
import JSON
import Service

/// Turns the body of `POST /v1/batch` into operations:
/// `{"operations": [{"method", "path", "body", "as", "if_match", "if_none_match"}]}`.
struct BatchReader {
  let router: Router
  let caller: Caller
  let context: RequestContext

  private static let members = ["method", "path", "body", "as", "if_match", "if_none_match"]
  private static let methods: [(name: String, method: MethodSet)] = [
    ("POST", .post), ("PUT", .put), ("PATCH", .patch), ("DELETE", .delete),
  ]

  /// - Throws: 400 `malformed_json`, 422 with every fault of the form, or the first operation's failure whose path leads nowhere.
  func batch(_ body: [UInt8]) throws(Failure) -> Batch {
    let document: JSONDocument
    do throws(JSONError) { document = try JSONDocument.parse(body) } catch {
      throw Failure(.malformedJSON, "The body is not JSON: \(error.message) at byte \(error.offset)")
    }
    guard document.root.kind == .object, let list = document.root["operations"], list.kind == .array else {
      throw Failure.fault("/operations", "type", "must be an array of operations")
    }
    for member in document.root.members where member.name != "operations" {
      throw Failure.fault(JSONPointer.shown(member.name), "unknown_field", "a batch has nothing but operations")
    }
    var items: [Batch.Item] = []
    var names: Set<String> = []
    for node in list.elements {
      guard items.count < Batch.itemsMax else {
        throw Failure.fault("/operations", "length", "may hold \(Batch.itemsMax) operations")
      }
      let item = try item(node, at: items.count)
      if let name = item.name, !names.insert(name).inserted {
        throw Failure.fault("/operations/\(items.count)/as", "duplicate", "stands twice")
      }
      items.append(item)
    }
    guard !items.isEmpty else { throw Failure.fault("/operations", "length", "must hold an operation") }
    return Batch(items, caller: caller, context: context)
  }

  private func item(_ node: JSONNode, at place: Int) throws(Failure) -> Batch.Item {
    let pointer = "/operations/\(place)"
    guard node.kind == .object else { throw Failure.fault(pointer, "type", "must be an object") }
    for member in node.members where !BatchReader.members.contains(member.name) {
      throw Failure.fault(
        pointer + JSONPointer.shown(member.name), "unknown_field",
        Suggestion.question(member.name, in: BatchReader.members) ?? "an operation has no such member")
    }
    let name = try text(node, "as", pointer)
    if let name, !BatchReader.isName(name) {
      throw Failure.fault(pointer + "/as", "format", "must be a letter and then letters, digits and _, 64 in all at most")
    }
    guard let method = BatchReader.methods.first(where: { $0.name == node["method"]?.stringValue })?.method else {
      throw Failure.fault(pointer + "/method", "enum", "must be one of \(BatchReader.methods.map(\.name).joined(separator: ", "))")
    }
    guard let path = try text(node, "path", pointer) else { throw Failure.fault(pointer + "/path", "required", "is required") }
    do throws(Failure) {
      var operation = try operation(method, path, node["body"], pointer)
      if let text = try text(node, "if_match", pointer) {
        operation.preconditions.ifMatch = try EntityTagList.parse(text, header: "if_match")
      }
      if let text = try text(node, "if_none_match", pointer) {
        operation.preconditions.ifNoneMatch = try EntityTagList.parse(text, header: "if_none_match")
      }
      return Batch.Item(operation, name: name)
    } catch {
      throw error.of(operation: place)
    }
  }

  private func operation(
    _ method: MethodSet, _ path: String, _ body: JSONNode?, _ pointer: String
  ) throws(Failure) -> Service.Operation {
    guard !path.utf8.contains(UInt8(ascii: "?")) else { throw Failure.fault(pointer + "/path", "format", "takes no parameters") }
    let route = try router.route(ArraySlice(Array(path.utf8)))
    guard let resource = route.resource else {
      throw Failure.fault(pointer + "/path", "format", "is no path of a resource: a batch makes and changes records")
    }
    guard router.served(route).contains(method) else {
      throw Failure(.methodNotAllowed, "This method is not possible at \(path.excerpt); use one of: \(router.offered(route).allow)")
    }
    var action = OperationReader.action(route, method)
    // As with a body of its own: an array is a JSON Patch.
    if action == .update, body?.kind == .array { action = .patch }
    var operation = Service.Operation(
      action, resource: router.entries[resource].name, key: route.key, caller: caller, context: context)
    switch action {
    case .create, .update, .patch, .replace:
      guard let body else { throw Failure.fault(pointer + "/body", "required", "is required") }
      operation.body = Array(body.rawText)
    default:
      let isEmpty = body.map { $0.isNull || $0.kind == .object && $0.members.first { _ in true } == nil } ?? true
      guard isEmpty else { throw Failure.fault(pointer + "/body", "unknown_field", "this takes no body") }
    }
    return operation
  }

  private func text(_ node: JSONNode, _ name: String, _ pointer: String) throws(Failure) -> String? {
    guard let value = node[name], !value.isNull else { return nil }
    guard let text = value.stringValue else { throw Failure.fault(pointer + "/" + name, "type", "must be a string") }
    return text
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, first.isLetter, text.utf8.count <= 64 else { return false }
    return text.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
  }
}

extension Failure {
  fileprivate static func fault(_ pointer: String, _ code: String, _ detail: String) -> Failure {
    Failure(.validation, "1 field is not valid", items: [Item(pointer: pointer, code: code, detail: detail)])
  }
}
