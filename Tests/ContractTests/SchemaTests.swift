import Contract
import JSON
import Testing

/// Files of the repository that are made from the loader's own tables.
@Suite struct SchemaTests {
  @Test func `the committed JSON Schema is the one the tables make`() {
    if Checkout.records { Checkout.write("martlet.schema.json", ContractSchema.json()) }
    #expect(Checkout.read("martlet.schema.json") == String(decoding: ContractSchema.json(), as: UTF8.self))
  }

  @Test(arguments: ["reference", "diagnostics"])
  func `the committed pages are the ones the tables make`(page: String) {
    let text = page == "reference" ? ContractReference.markdown() : ContractReference.diagnosticsMarkdown()
    if Checkout.records { Checkout.write("docs/contract/\(page).md", Array(text.utf8)) }
    #expect(Checkout.read("docs/contract/\(page).md") == text)
  }

  @Test func `the schema is JSON and every reference in it leads somewhere`() throws {
    let schema = try JSONValue(parsing: ContractSchema.json())
    let definitions = try #require(schema["$defs"]?.objectValue)
    var references: [String] = []
    func walk(_ value: JSONValue) {
      if let reference = value["$ref"]?.stringValue { references.append(reference) }
      for member in value.objectValue?.members ?? [] { walk(member.value) }
      for item in value.arrayValue ?? [] { walk(item) }
    }
    walk(schema)
    #expect(references.count > 100)
    #expect(references.allSatisfy { $0.hasPrefix("#/$defs/") && definitions[String($0.dropFirst(8))] != nil })
  }
}
