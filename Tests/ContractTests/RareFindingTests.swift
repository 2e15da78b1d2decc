import Contract
import Testing

/// Mistakes that are seldom made, each in the place where it would do harm.
@Suite struct RareFindingTests {
  static let states = "a: {type: enum, values: [x, y], default: x}"

  static let cases: [Finding] = [
    Finding("MRT0301", "identity: {claims: {tier: @@strin}}"),
    Finding("MRT0301", "identity: {claims: {tier: @@list of money}}"),
    Finding(
      "MRT0202",
      "identity: {issuers: {a: {issuer: x, audience: y, jwks: k}, b: {issuer: @@x, audience: y, jwks: k}}}"),
    Finding("MRT0104", "identity: {issuers: {a: {issuer: x, audience: y, jwks: @@\"\"}}}"),
    Finding("MRT0102", "identity: {issuers: {a: @@{issuer: x, jwks: k}}}"),
    Finding(
      "MRT0307 MRT0405 MRT0405",
      "resources: {t: {access: {read: nobody}, table: t, revision: none, id: @@{column: a, columns: [@@b, @@c]}}}"),
    Finding.fields("MRT0405", "b: {type: integer, required: true}\nc: {type: integer, required: true}", more: "id: @@{columns: [b, c]}"),
    Finding.fields(
      "MRT0405", "b: {type: integer, required: true}\nc: {type: integer, required: true}",
      more: "table: t\nrevision: none\nid: {columns: [b, c, @@b]}"),
    Finding.fields("MRT0204", "a: string", more: "partition: {by: @@b, every: month}"),
    Finding.fields("MRT0204", "a: string", more: "tenancy: {by: @@b}"),
    Finding.fields("MRT0407", "a: string", more: "revision: none\nconcurrency: @@required"),
    Finding.fields("MRT0104", "a: string", more: "table: @@\"\""),
    Finding.fields("MRT0201", states, more: "states: {field: a, transitions: {@@history: {from: x, to: y, access: nobody}}}"),
    Finding.fields("MRT0307", states, more: "states: {field: a, transitions: {go: {from: [x, y], to: @@y, access: nobody}}}"),
    Finding.fields("MRT0106", states, more: "states: {field: a, transitions: {go: {from: @@[], to: y, access: nobody}}}"),
    Finding.fields("MRT0106", states, more: "states: @@{field: a, transitions: {}}"),
    Finding.fields("MRT0102", states, more: "states: {field: a, transitions: {go: @@{from: x, to: y}}}"),
    Finding.fields("MRT0301", "a: @@enumm", more: "states: {field: a, transitions: {go: {from: x, to: y, access: nobody}}}"),
    Finding.fields("MRT0202", "a: string", more: "filterable: [a, @@a]"),
    Finding.fields("MRT0403", "a: secret", more: "indexes: [[@@a]]"),
    Finding.fields("MRT0403", "a: secret", more: "filterable: [@@a]"),
    Finding.fields("MRT0403", "a: {many: things, by: b}\nb: {ref: things}", more: "indexes: [[@@a]]"),
    Finding.fields("MRT0403", "a: {type: string, length: 0..601, unique: @@true}"),
    Finding.fields("MRT0306", "a: {ref: users, default: @@\"0190b5a0-0000-7000-8000-000000000000\"}"),
    Finding.fields("MRT0306", "a: {type: uuid, default: @@5}"),
    Finding.fields("MRT0306", "a: {type: json, size: 4, default: @@[1, 2, 3]}"),
    Finding.fields("MRT0501", "a: {type: date, default: @@tomorrow}"),
    Finding.fields("MRT0306", "a: {type: timestamp, default: @@2026-13-01}"),
    Finding.fields("MRT0307", "@@a: {type: integer, generated: true, required: true}"),
    Finding.fields("MRT0307", "a: {type: string, was: @@b}\nb: string"),
    Finding("MRT0307", "resources: {a: {access: {read: nobody}, was: @@b}, b: {access: {read: nobody}}}"),
    Finding.fields("MRT0103", "a: {type: integer, minimum: @@1.5}"),
    Finding.fields("MRT0103", "a: {type: json, schema: @@[]}"),
    Finding.fields("MRT0304", "a: {type: enum, values: [x, @@\"a\\tb\"]}"),
    Finding.fields("MRT0301", "a: {type: @@ref}"),
    Finding.fields("MRT0501", "a: string", more: "constraints: {c: \"input.a.matches(@@'[')\"}"),
    Finding("MRT0501", "resources: {a: {access: {read: record.id @@=}}}"),
    Finding.fields(
      "MRT0501", "a: {ref: users}", more: "constraints: {c: \"input.a.subject.@@matches('x')\"}"),
    Finding("MRT0205", "resources: {a: {access: {read: [@@x]}, fields: {f: {type: string, read: nobody}}}}"),
    Finding("MRT0205", "resources: {a: {access: {read: nobody}, fields: {f: {type: string, write: [@@x]}}}}"),
    Finding("MRT0406", "resources: {users: {fields: {@@subject: text}}}"),
  ]

  @Test(arguments: cases)
  func `each is told with its place`(finding: Finding) {
    let found = finding.found
    #expect(found.map { "\($0.code) \($0.line):\($0.column)" } == finding.expected, "\(found.map { $0.rendered() })")
  }

  @Test func `there may be at most 500 resources and 500 fields`() {
    let resources = (0..<501).map { "  t\($0): {access: {read: nobody}}\n" }.joined()
    #expect(ContractLoader.load(text: "martlet: 1\nresources:\n\(resources)").errors.map(\.code) == ["MRT0106"])
    let fields = (0..<501).map { "      f\($0): string\n" }.joined()
    let text = "martlet: 1\nresources:\n  t:\n    access: {read: nobody}\n    fields:\n\(fields)"
    #expect(ContractLoader.load(text: text).errors.map(\.code) == ["MRT0106"])
  }

  @Test func `a mapping with thousands of unknown keys ends soon`() {
    let keys = (0..<20_000).map { "  k\($0): 1\n" }.joined()
    let result = ContractLoader.load(text: "martlet: 1\nservice:\n\(keys)")
    #expect(result.contract == nil)
    #expect(result.diagnostics.count == 1000)
  }
}
