import Contract
import JSON
import Service
import Testing

@testable import REST

@Suite("The OpenAPI description")
struct OpenAPITests {
  private func tree() throws -> JSONValue { OpenAPI.tree(try Bench.contract(), origin: nil) }

  /// Every object and array within a value.
  private func walk(_ value: JSONValue, _ visit: (JSONObject) -> Void) {
    switch value {
    case .object(let object):
      visit(object)
      for member in object.members { walk(member.value, visit) }
    case .array(let values): for element in values { walk(element, visit) }
    default: break
    }
  }

  private func operation(_ path: String, _ method: String) throws -> JSONValue? { try tree()["paths"]?[path]?[method] }

  private func parameterNames(_ path: String, _ method: String) throws -> [String] {
    (try operation(path, method)?["parameters"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
  }

  @Test("every reference leads somewhere")
  func references() throws {
    let tree = try tree()
    var count = 0
    walk(tree) { object in
      guard case .string(let reference)? = object["$ref"] else { return }
      count += 1
      var target: JSONValue? = tree
      for part in reference.split(separator: "/").dropFirst() { target = target?[String(part)] }
      #expect(target != nil, "\(reference)")
    }
    #expect(count > 100)
  }

  @Test("a create says its id where the contract lets the caller choose it, and must where nothing makes it")
  func chosenIDs() throws {
    let result = ContractLoader.load(
      text: """
        martlet: 1
        service: {name: s, version: v1}
        resources:
          codes:
            table: codes
            id: {column: code, type: string, length: 1..8}
            revision: none
            fields: {n: integer}
            access: {read: anyone, create: anyone, update: anyone}
          drafts: {id: client, fields: {n: integer}, access: {read: anyone, create: anyone, update: anyone}}
          plain: {fields: {n: integer}, access: {read: anyone, create: anyone, update: anyone}}
        """)
    let tree = OpenAPI.tree(try #require(result.contract, "\(result.diagnostics)"), origin: nil)
    func body(_ resource: String, _ path: String, _ method: String) throws -> JSONValue {
      let media = tree["paths"]?["/v1/\(resource)\(path)"]?[method]?["requestBody"]?["content"]?["application/json"]
      let name = try #require(media?["schema"]?["$ref"]?.stringValue?.split(separator: "/").last)
      return try #require(tree["components"]?["schemas"]?[String(name)])
    }
    let codes = try body("codes", "", "post")
    #expect(codes["properties"]?["id"]?["type"] == "string" && codes["required"]?.arrayValue?.contains("id") == true)
    #expect(codes["examples"]?.arrayValue?.first?["id"] != nil)
    let drafts = try body("drafts", "", "post")
    #expect(drafts["properties"]?["id"]?["format"] == "uuid" && drafts["required"] == nil)
    #expect(try body("plain", "", "post")["properties"]?["id"] == nil)
    for resource in ["codes", "drafts"] {
      let replaced = try body(resource, "/{id}", "put")
      #expect(replaced["properties"]?["id"] == nil && replaced["examples"]?.arrayValue?.first?["id"] == nil)
    }
  }

  @Test("a record of a table that others write says that a value may not fit")
  func oddValues() throws {
    let result = ContractLoader.load(
      text: """
        martlet: 1
        service: {name: s, version: v1}
        resources:
          codes:
            description: Short words.
            table: codes
            id: {column: code, type: string, length: 1..8}
            revision: none
            fields: {n: integer}
            access: {read: anyone}
          plain: {fields: {n: integer}, access: {read: anyone}}
        """)
    let tree = OpenAPI.tree(try #require(result.contract, "\(result.diagnostics)"), origin: nil)
    func description(_ resource: String) throws -> String? {
      let media = tree["paths"]?["/v1/\(resource)/{id}"]?["get"]?["responses"]?["200"]?["content"]?["application/json"]
      let name = try #require(media?["schema"]?["$ref"]?.stringValue?.split(separator: "/").last)
      return tree["components"]?["schemas"]?[String(name)]?["description"]?.stringValue
    }
    let words = try #require(try description("codes"))
    #expect(words.hasPrefix("Short words. The table is not this service's alone") && words.contains("another JSON type"))
    #expect(try description("plain") == nil)
  }

  @Test("operation ids differ")
  func identifiers() throws {
    var ids: [String] = []
    walk(try tree()) { object in
      if case .string(let id)? = object["operationId"], object["responses"] != nil { ids.append(id) }
    }
    #expect(Set(ids).count == ids.count && ids.contains("orders_pay") && ids.contains("products_replace"))
  }

  @Test("what nobody may do is not described")
  func nobody() throws {
    #expect(try operation("/v1/orders/{id}", "patch") == nil)
    #expect(try operation("/v1/orders/{id}", "delete") != nil)
    #expect(try tree()["paths"]?["/v1/users"] == nil)
  }

  @Test("security says who needs a token")
  func security() throws {
    let optional: JSONValue = [[:], ["bearer": []]]
    let needed: JSONValue = [["bearer": []]]
    #expect(try operation("/v1/products", "get")?["security"] == optional)
    #expect(try operation("/v1/products", "post")?["security"] == needed)
    #expect(try operation("/v1/orders", "get")?["security"] == optional)
    #expect(try operation("/v1/orders", "post")?["security"] == needed)
    #expect(try operation("/health", "get")?["security"] == [])
  }

  @Test("bodies hold what may be written, and demand what is needed")
  func bodies() throws {
    let schemas = try tree()["components"]?["schemas"]
    let create = try #require(schemas?["OrdersCreate"])
    #expect(create["properties"]?.objectValue?.names == ["customer", "placed"])
    #expect(create["required"] == ["customer"])
    #expect(create["additionalProperties"] == false)
    let customer = try #require(schemas?["CustomersUpdate"])
    #expect(customer["properties"]?.objectValue?.names == ["email", "name", "notes"])
    #expect(customer["required"] == nil)
    #expect(schemas?["Orders"]?["properties"]?["status"]?["readOnly"] == true)
    #expect(schemas?["OrdersUpdate"] == nil)
  }

  @Test("types keep their bounds, and null where it may stand")
  func types() throws {
    let schemas = try tree()["components"]?["schemas"]
    let create = try #require(schemas?["ProductsCreate"]?["properties"])
    #expect(create["sku"]?["pattern"] == "^(?:[A-Z0-9-]{3,32})$")
    #expect(create["stock"]?["minimum"] == 0 && create["stock"]?["default"] == 0)
    #expect(create["stock"]?["type"] == ["integer", "null"])
    #expect(create["price"]?["properties"]?["amount"]?["minimum"] == 0)
    #expect(create["weight"]?["pattern"] == "^-?[0-9]{1,5}(?:\\.[0-9]{1,3})?$")
    let quantity = schemas?["OrderItemsCreate"]?["properties"]?["quantity"]
    #expect(quantity?["type"] == "integer" && quantity?["maximum"] == 1000)
    let status = schemas?["Orders"]?["properties"]?["status"]
    #expect(status?["enum"] == ["pending", "paid", "cancelled"])
  }

  @Test("a list has its parameters, and an equality for each field that leads an index")
  func parameters() throws {
    let names = try parameterNames("/v1/orders", "get")
    #expect(names == ["sort", "filter", "fields", "include", "customer", "status", "placed"])
    #expect(try parameterNames("/v1/products", "get").contains("sku"))
    #expect(try !parameterNames("/v1/products", "get").contains("include"))
  }

  @Test("histories are described where there are some")
  func history() throws {
    let paths = try #require(try tree()["paths"])
    #expect(paths["/v1/orders/{id}/history"]?["get"]?["operationId"] == "orders_history")
    #expect(paths["/v1/products/{id}/history"] == nil)
    func names(_ path: String) -> [String] {
      paths[path]?["get"]?["parameters"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
    }
    #expect(names("/v1/orders/{id}").contains("at") && !names("/v1/products/{id}").contains("at"))
    let event = try #require(try tree()["components"]?["schemas"]?["OrdersEvent"])
    #expect(event["properties"]?["revision"] != nil && event["required"]?.arrayValue?.contains("actor") == true)
  }

  @Test("every error code has an example and a place in the schema")
  func errors() throws {
    let tree = try tree()
    for code in FailureCode.allCases {
      let example = tree["components"]?["examples"]?[code.rawValue]?["value"]
      #expect(example?["code"]?.stringValue == code.rawValue)
      #expect(example?["status"]?.integerValue == Int64(code.status))
    }
    let responses = try operation("/v1/orders/{id}/pay", "post")?["responses"]
    #expect(responses?["409"] != nil && responses?["412"] != nil && responses?["404"] != nil && responses?["401"] != nil)
  }

  @Test("resources whose names would collide get names of their own")
  func names() {
    var contract = Contract()
    contract.resources = ["order", "order_create", "problem", "or_der", "page"].map { Resource(name: $0) }
    let names = SchemaNames(contract)
    let all = contract.resources.flatMap { resource in SchemaNames.Form.allCases.map { names.name(resource.name, $0) } }
    #expect(Set(all + ["Problem", "Page", "Money", "File", "Health"]).count == all.count + 5)
  }

  @Test(
    "an example is made for a pattern that can be read",
    arguments: [
      ("[A-Z0-9-]{3,32}", "ABCDEFGH"), ("\\d{3}", "012"), ("a|b", "a"), ("(?:x|y)z?", "xz"), ("[a-c]+", "a"), ("^ab$", "ab"),
      ("\\+[0-9]{2}", "+01"), ("[^a]", nil), ("(?i)a", nil), ("\\pL", nil), ("a{2000}", nil), ("(", nil), ("a**", nil),
      ("[[:alpha:]]", nil), ("x{3,}", "xxxxxxxx"), ("((((){200}){200}){200}){200}", nil),
    ] as [(String, String?)])
  func patternExample(_ pattern: String, _ expected: String?) {
    #expect(PatternExample.text(for: pattern) == expected)
  }

  @Test(
    "a pattern is shown only where JSON Schema reads it the same way",
    arguments: [
      ("[A-Z0-9-]{3,32}", true), ("^\\d+$", true), ("(?:a|b)", true), ("a\\.b", true), ("(?i)a", false), ("\\pN", false), ("\\z", false),
      ("[[:alpha:]]", false), ("(?P<x>a)", false), ("[]a]", false), ("\\Qa\\E", false), ("é", false),
    ])
  func portable(_ pattern: String, _ expected: Bool) {
    #expect(PortablePattern.isPortable(pattern) == expected)
  }

  @Test("YAML quotes whatever could be taken for something else")
  func yaml() {
    let value: JSONValue = [
      "a": "yes", "b": "1.5", "c": "plain/path", "d": ["x", [], [:], ["k": nil]], "e: f": "a: b", "n": 1, "s": "", "t": "-x",
    ]
    #expect(
      String(decoding: YAMLText.bytes(value), as: UTF8.self)
        == """
        a: "yes"
        b: "1.5"
        c: plain/path
        d:
          - x
          - []
          - {}
          - k: null
        "e: f": "a: b"
        "n": 1
        s: ""
        t: "-x"

        """)
  }
}
