import Contract
import JSON
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Files of the repository that are made from the loader's own tables.
@Suite struct SchemaTests {
  /// MARTLET_RECORD=1 writes it anew first.
  private func expectCommitted(_ path: String, _ bytes: [UInt8]) {
    if getenv("MARTLET_RECORD") != nil { Files.write(Files.root + "/" + path, bytes) }
    #expect(Files.read(Files.root + "/" + path).map { String(decoding: $0, as: UTF8.self) } == String(decoding: bytes, as: UTF8.self))
  }

  @Test func `the committed JSON Schema is the one the tables make`() {
    expectCommitted("martlet.schema.json", ContractSchema.json())
  }

  @Test(arguments: ["reference", "diagnostics"])
  func `the committed pages are the ones the tables make`(page: String) {
    let text = page == "reference" ? ContractReference.markdown() : ContractReference.diagnosticsMarkdown()
    expectCommitted("docs/contract/\(page).md", Array(text.utf8))
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
