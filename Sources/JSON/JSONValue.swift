/// A JSON value as a tree, for documents that are built or kept (descriptions, schemas); not for requests.
package indirect enum JSONValue: Sendable, Equatable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  /// A number that is written otherwise than `integer` and `number` would write it, as it is written (`exactly:`).
  case digits(String)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// The value at a node and everything beneath it. Depth is bounded by the document's own limit.
  ///
  /// - Parameter exactly: no digit of a number is lost: for what is written again.
  package init(_ node: JSONNode, exactly: Bool = false) {
    switch node.kind {
    case .null: self = .null
    case .boolean: self = .boolean(node.bool ?? false)
    case .integer, .number:
      let number: JSONValue = node.kind == .integer ? .integer(node.int64 ?? 0) : .number(node.double ?? 0)
      self = !exactly || number.bytes.elementsEqual(node.rawText) ? number : .digits(String(decoding: node.rawText, as: UTF8.self))
    case .string: self = .string(node.stringValue ?? "")
    case .array: self = .array(node.elements.map { JSONValue($0, exactly: exactly) })
    case .object:
      var object = JSONObject()
      for member in node.members { object.append(member.name, JSONValue(member.value, exactly: exactly)) }
      self = .object(object)
    }
  }

  /// Reads a text; see `JSONDocument.parse`.
  package init(parsing bytes: [UInt8], exactly: Bool = false) throws(JSONError) {
    self.init(try JSONDocument.parse(bytes).root, exactly: exactly)
  }

  /// A member of an object; setting one on anything but an object does nothing.
  package subscript(_ name: String) -> JSONValue? {
    get { if case .object(let object) = self { object[name] } else { nil } }
    set {
      guard case .object(var object) = self else { return }
      self = .null
      object[name] = newValue
      self = .object(object)
    }
  }

  package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  package var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }
  package var integerValue: Int64? { if case .integer(let value) = self { value } else { nil } }
  package var boolValue: Bool? { if case .boolean(let value) = self { value } else { nil } }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(booleanLiteral value: Bool) { self = .boolean(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(nilLiteral: ()) { self = .null }
  /// The names must differ.
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (name, value) in elements { object.append(name, value) }
    self = .object(object)
  }
}
