import JSON
import JSONSchema
import TestSupport
import Testing

/// The vectors' schemas held against values of other vectors: nothing traps, an answer is the same twice, and a schema refuses what its
/// `not` takes, so that what is told and what is tried in silence are one.
@Suite struct PairTests {
  private struct Pool {
    var schemas: [(plain: JSONSchema, negated: JSONSchema)] = []
    var values: [JSONNode] = []

    init() throws {
      for file in VectorTests.files {
        let bytes = try #require(Files.read(VectorTests.folder + file))
        for group in try JSONDocument.parse(bytes).root.elements {
          if let tests = group["tests"] { values += tests.elements.compactMap { $0["data"] } }
          guard let text = group["schema"]?.rawText, let plain = try? JSONSchema(Array(text)) else { continue }
          guard case .object(var named) = try JSONValue(parsing: Array(text)) else { continue }
          if named["$id"] == nil { named["$id"] = "https://example.com/pair" }
          let inside = JSONValue.object(named)
          guard let reference = named["$id"], let absolute = reference.stringValue, absolute.contains(":") else { continue }
          let wrapped: JSONValue = ["not": ["$ref": reference], "$defs": ["inside": inside]]
          if let negated = try? JSONSchema(wrapped.bytes) { schemas.append((plain, negated)) }
        }
      }
    }
  }

  @Test func whatASchemaRefusesItsNegationTakes() throws {
    let pool = try Pool()
    #expect(pool.schemas.count > 300 && pool.values.count > 1000)
    var random = SplitMix64(seed: 7)
    for _ in 0..<20_000 {
      let (plain, negated) = pool.schemas[Int(random.next() % UInt64(pool.schemas.count))]
      let value = pool.values[Int(random.next() % UInt64(pool.values.count))]
      let violations = plain.violations(of: value)
      if violations != plain.violations(of: value) { Issue.record("another answer for \(value.rawText) the second time") }
      if violations.isEmpty == negated.violations(of: value).isEmpty {
        Issue.record(
          "\(String(decoding: plain.text, as: UTF8.self)) and its negation agree about \(String(decoding: value.rawText, as: UTF8.self))")
      }
      for violation in violations where JSONPointer(violation.pointer) == nil { Issue.record("no pointer: \(violation.pointer)") }
    }
  }
}
