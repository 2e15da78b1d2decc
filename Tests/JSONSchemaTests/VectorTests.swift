import JSON
import JSONSchema
import TestSupport
import Testing

/// The vectors of json-schema-org/JSON-Schema-Test-Suite for 2020-12, but for the optional ones. Schemas that need a document which
/// they do not carry are refused when they are read, and `docs/json-schema.md` lists them by name: none of them is a wrong answer.
@Suite struct VectorTests {
  static let folder = Files.shared + "/vectors/json-schema/"
  static let files = Files.names(in: folder).filter { $0.hasSuffix(".json") }

  @Test func theSuiteIsThere() { #expect(Self.files.count == 46) }

  @Test(arguments: files) func everyVectorPassesOrItsSchemaIsListedAsRefused(_ file: String) throws {
    let listed = try Self.outside().filter { $0.hasPrefix(file + "/") }
    var outside: Set<String> = []
    let groups = try JSONDocument.parse(try #require(Files.read(Self.folder + file))).root
    #expect(groups.count > 0)
    for group in groups.elements {
      let name = "\(file)/\(group["description"]?.stringValue ?? "")"
      let text = Array(try #require(group["schema"]).rawText)
      let schema: JSONSchema
      do throws(JSONSchemaFailure) {
        schema = try JSONSchema(text)
      } catch {
        outside.insert(name)
        #expect(!error.problems.isEmpty)
        if !listed.contains(name) { Issue.record("\(name): \(error.problems)") }
        continue
      }
      for vector in try #require(group["tests"]).elements {
        let violations = schema.violations(of: try #require(vector["data"]))
        if violations.isEmpty != vector["valid"]?.bool {
          Issue.record("\(name): \(vector["description"]?.stringValue ?? ""): \(violations)")
        }
      }
    }
    #expect(listed.subtracting(outside).sorted() == [], "listed, but read")
  }

  @Test func theListNamesNoOtherFile() throws {
    let outside = try Self.outside()
    #expect(!outside.isEmpty)
    for name in outside { #expect(Self.files.contains(String(name.prefix { $0 != "/" })), "\(name)") }
  }

  /// Names in backticks on lines that begin with `- `.
  private static func outside() throws -> Set<String> {
    let bytes = try #require(Files.read(Files.root + "/docs/json-schema.md"))
    var names: Set<String> = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("- `") {
      names.insert(String(line.dropFirst(3).prefix { $0 != "`" }))
    }
    return names
  }
}
