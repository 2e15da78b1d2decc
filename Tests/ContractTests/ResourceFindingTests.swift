import Contract
import Testing

/// Mistakes in resources, their fields and their rules.
@Suite struct ResourceFindingTests {
  static let names: [Finding] = [
    Finding.fields("MRT0201", "@@id: uuid"),
    Finding.fields("MRT0201", "@@created_at: timestamp"),
    Finding.fields("MRT0201", "@@limit: integer"),
    Finding("MRT0201", "resources: {@@queries: {access: {read: anyone}}}"),
    Finding("MRT0201", "resources: {@@martlet_events: {access: {read: anyone}}}"),
    Finding("MRT0201", "roles: [@@anyone]"),
    Finding("MRT0201", "identity: {claims: {@@id: string}}"),
    Finding("MRT0202", "roles: [admin, @@admin]"),
    Finding(
      "MRT0202",
      "resources:\n  a: {access: {read: anyone}, table: t, revision: none}\n  b: {access: {read: anyone}, table: @@T, revision: none}"),
    Finding.fields("MRT0202", "a: money\n@@a_amount: integer"),
    Finding.fields("MRT0202", "a: {type: string, column: x}\n@@b: {type: string, column: X}"),
    Finding.fields("MRT0203", "a: {ref: @@userss}"),
    Finding.fields("MRT0203", "a: {many: @@others, by: thing}"),
    Finding("MRT0203", "jobs: {a: {after: @@orders.created, run: x}}"),
    Finding.fields("MRT0204", "a: string", more: "indexes: [[@@b]]"),
    Finding.fields("MRT0204", "a: string", more: "unique: [[a, @@b]]"),
    Finding.fields("MRT0204", "a: string", more: "filterable: [@@b]"),
    Finding.fields("MRT0204", "a: string", more: "states: {field: @@b, transitions: {}}"),
    Finding("MRT0205", "roles: [admin]\nresources: {a: {access: {read: [@@admn]}}}"),
    Finding(
      "MRT0205",
      "identity: {issuers: {p: {issuer: \"https://p\", audience: x, jwks: k, roles: {from: groups, map: {ops: @@support}}}}}"),
    Finding("MRT0206", "jobs: {a: {schedule: \"@daily\", call: @@mailer.post, path: /x}}"),
    Finding("MRT0207", "resources: {a: {access: {read: anyone}}}\nevents: {publish: [{match: \"a.*\", to: @@events, topic: t}]}"),
    Finding("MRT0208", "resources: {a: {access: {read: anyone}}}\njobs: {j: {after: @@a.creatd, run: x}}"),
    Finding("MRT0209", "resources: {a: {access: {read: anyone}}}\njobs: {j: {after: a.created, transition: @@a.pay}}"),
  ]

  static let fields: [Finding] = [
    Finding.fields("MRT0301", "a: @@strng"),
    Finding.fields("MRT0301", "a: {type: @@varchar}"),
    Finding.fields("MRT0301", "a: @@list of money"),
    Finding.fields("MRT0302", "a: {type: integer, @@length: 1..2}"),
    Finding.fields("MRT0302", "a: {type: string, @@minimum: 1}"),
    Finding.fields("MRT0302", "a: {type: string, @@on_delete: cascade}"),
    Finding.fields("MRT0302", "a: {ref: users, @@pattern: x}"),
    Finding.fields("MRT0308 MRT0302", "a: {many: things, by: @@b, @@required: true}\nb: string"),
    Finding.fields("MRT0303", "a: {type: integer, minimum: @@2, maximum: 1}"),
    Finding.fields("MRT0303", "a: {type: string, length: @@5..1}"),
    Finding.fields("MRT0303", "a: {type: decimal, precision: \"4,2\", minimum: @@100.5}"),
    Finding("MRT0303", "service: {scaling: {min_replicas: @@3, max_replicas: 2}}"),
    Finding.fields("MRT0304", "@@a: enum"),
    Finding.fields("MRT0304", "a: {type: enum, values: @@[]}"),
    Finding.fields("MRT0304", "a: {type: enum, values: [x, @@x]}"),
    Finding.fields("MRT0304", "a: {type: enum, values: [@@\"\", x]}"),
    Finding.fields("MRT0305", "a: {type: string, pattern: @@\"[a-\"}"),
    Finding.fields("MRT0305", "a: {type: string, pattern: @@\"(?=x)\"}"),
    Finding.fields("MRT0311", "a: {type: json, schema: {properties: {b: {type: @@strng}}}}"),
    Finding.fields("MRT0311 MRT0311", "a: {type: json, schema: {pattern: @@(?=a), items: {$ref: @@\"#/$defs/x\"}}}"),
    Finding.fields("MRT0311", "a: {type: json, schema: {$ref: @@\"https://example.com/s\"}}"),
    Finding.fields("MRT0311", "a: {type: json, schema: {minimum: @@.inf}}"),
    Finding.fields("MRT0103", "a: {type: json, schema: @@[]}"),
    Finding.fields("MRT0306", "a: {type: json, schema: {maximum: 18446744073709551616.0}, default: @@18446744073709551616.5}"),
    Finding.fields("MRT0306", "a: {type: json, schema: {required: [b]}, default: @@{}}"),
    Finding.fields("MRT0306", "a: {type: enum, values: [x, y], default: @@z}"),
    Finding.fields("MRT0306", "a: {type: integer, maximum: 5, default: @@6}"),
    Finding.fields("MRT0306", "a: {type: boolean, default: @@1}"),
    Finding.fields("MRT0306", "a: {type: string, length: 1..3, default: @@long}"),
    Finding.fields("MRT0306", "a: {type: string, pattern: \"[a-z]+\", default: @@A}"),
    Finding.fields("MRT0306", "a: {type: string, default: @@5}"),
    Finding.fields("MRT0306", "a: {type: string, default: @@\"a\\0\"}"),
    Finding.fields("MRT0306", "a: {type: json, default: @@[\"a\\0\"]}"),
    Finding.fields("MRT0306", "a: {type: email, default: @@a@localhost}"),
    Finding.fields("MRT0306", "a: {type: email, default: @@\"a b@example.org\"}"),
    Finding.fields("MRT0306", "a: {type: url, default: @@\"ftp://example.org\"}"),
    Finding.fields("MRT0306", "a: {type: url, default: @@\"https://me@example.org\"}"),
    Finding.fields("MRT0306", "a: {type: money, currencies: [EUR], default: @@{amount: 1, currency: USD}}"),
    Finding.fields("MRT0306", "a: {type: list of integer, default: @@[1, x]}"),
    Finding.fields("MRT0306", "a: {ref: things, default: @@caller.id}"),
    Finding.fields("MRT0307", "a: {ref: users, required: true, on_delete: @@set_null}"),
    Finding.fields("MRT0307", "@@a: {type: string, ref: users}"),
    Finding.fields("MRT0102", "a: {many: @@things}"),
    Finding.fields("MRT0308", "a: {many: things, by: @@b}\nb: {ref: users}"),
    Finding(
      "MRT0309",
      "resources:\n  a: {access: {read: anyone}, table: t, revision: none, id: {columns: [x, y]}, fields: {x: {type: integer, required: true}, "
        + "y: {type: integer, required: true}}}\n  b: {access: {read: anyone}, fields: {r: {ref: @@a}}}"),
    Finding.fields("MRT0310", "a: {type: date, stored_as: @@real}"),
    Finding.fields("MRT0310", "a: {type: boolean, stored_as: @@{yes: Y, no: Y}}"),
    Finding.fields("MRT0312", "a: {type: text, length: 0..65537, search: @@true}"),
    Finding("MRT0312", "resources: {a: {access: {read: anyone}, table: t, revision: none, fields: {b: {type: string, search: @@true}}}}"),
    Finding(
      "MRT0312",
      "resources: {a: {access: {read: anyone}, table: t, read_only: true, revision: none, fields: {b: {type: string, search: @@true}}}}"),
    Finding(
      "MRT0312",
      "resources:\n  a: {access: {read: anyone}, table: t, managed: true, id: {columns: [x, y]}, fields: {x: {type: integer, required: true}, "
        + "y: {type: integer, required: true}, b: {type: string, search: @@true}}}"),
    Finding.fields("MRT0312", (0...16).map { "a\($0): {type: string, search: \($0 == 16 ? "@@" : "")true}" }.joined(separator: "\n")),
  ]

  static let resources: [Finding] = [
    Finding("MRT0406", "resources: {users: {retain: @@1y}}"),
    Finding.fields("MRT0407", "a: string", more: "id: client\nretain: @@1y"),
    Finding.fields("MRT0407", "a: string", more: "table: x\nrevision: none\nretain: @@1y"),
    Finding.fields("MRT0401", "a: string", more: "states: {field: @@a, transitions: {go: {from: x, to: y, access: nobody}}}"),
    Finding.fields(
      "MRT0401", "a: {type: enum, values: [x, y]}", more: "states: {field: @@a, transitions: {go: {from: x, to: y, access: nobody}}}"),
    Finding.fields(
      "MRT0401", "a: {type: enum, values: [x, y], default: x, write: @@[admin]}",
      more: "states: {field: a, transitions: {go: {from: x, to: y, access: nobody}}}"),
    Finding.fields(
      "MRT0402", "a: {type: enum, values: [x, y], default: x}",
      more: "states: {field: a, transitions: {go: {from: x, to: @@z, access: nobody}}}"),
    Finding.fields(
      "MRT0402", "a: {type: enum, values: [x, y], default: x}",
      more: "states: {field: a, transitions: {go: {from: [x, @@w], to: y, access: nobody}}}"),
    Finding.fields("MRT0403", "a: {type: json, index: @@true}"),
    Finding.fields("MRT0403", "a: {type: text, unique: @@true}"),
    Finding.fields("MRT0403", "a: list of string", more: "indexes: [[@@a]]"),
    Finding.fields("MRT0403", "a: string", more: "indexes: [[a, @@-a]]"),
    Finding.fields("MRT0404", "a: string\nb: string", more: "indexes: [@@[a], [a, -b]]"),
    Finding.fields("MRT0404", "a: string\nb: string", more: "indexes: [[a], @@[a]]"),
    Finding.fields("MRT0405", "a: string", more: "id: @@{column: x, type: integer}"),
    Finding.fields("MRT0405", "a: string", more: "table: t\nrevision: none\nid: {column: x, type: @@money}"),
    Finding.fields(
      "MRT0405 MRT0405", "a: string\nb: {type: string, required: true}", more: "table: t\nrevision: none\nid: {columns: [b, @@a, @@c]}"),
    Finding("MRT0406", "resources: {users: {access: {create: @@anyone}}}"),
    Finding("MRT0406", "resources: {users: {fields: {@@issuer: string}}}"),
    Finding("MRT0406", "resources: {users: {fields: {@@name: {type: string, required: true}}}}"),
    Finding("MRT0406", "resources: {users: {@@managed: true}}"),
    Finding("MRT0407", "resources: {a: @@{read_only: true, managed: true, access: {read: anyone}}}"),
    Finding("MRT0407", "resources: {a: {table: t, revision: none, read_only: true, access: {read: anyone, update: @@authenticated}}}"),
    Finding.fields("MRT0201", "@@deleted_at: timestamp", more: "delete: soft"),
    Finding.fields("MRT0202", "@@gone: {type: timestamp, column: deleted_at}", more: "delete: soft"),
    Finding.fields(
      "MRT0201", "s: {type: enum, values: [x, y], default: x}",
      more: "delete: soft\nstates: {field: s, transitions: {@@restore: {from: x, to: y, access: authenticated}}}"),
    Finding("MRT0407", "resources: {a: {table: t, revision: none, delete: @@soft, access: {read: anyone}}}"),
    Finding("MRT0407", "resources: {a: {table: t, read_only: true, delete: @@soft, access: {read: anyone}}}"),
    Finding(
      "MRT0407",
      "resources: {a: {access: {read: anyone}}, b: {delete: soft, fields: {a: {ref: a, on_delete: @@cascade}}, access: {read: anyone}}}"),
    Finding(
      "MRT0407",
      "resources: {a: {delete: soft, access: {read: anyone}}, "
        + "b: {table: t, revision: none, fields: {a: {ref: a, on_delete: @@cascade}}, access: {read: anyone}}}"),
    Finding("MRT0406", "resources: {a: {delete: soft, access: {read: anyone}}, users: {fields: {a: {ref: a, on_delete: @@cascade}}}}"),
    Finding.fields("MRT0407", "a: string", more: "partition: {by: @@a, every: month}"),
    Finding.fields("MRT0407", "a: timestamp", more: "partition: {by: @@a, every: month}"),
    Finding.fields("MRT0407", "a: string", more: "partition: {by: @@updated_at, every: month}"),
    Finding.fields("MRT0407", "a: {type: string, unique: @@true}", more: "partition: {by: created_at, every: month}"),
    Finding.fields("MRT0407", "a: string\nb: string", more: "unique: [@@[a, b]]\npartition: {by: created_at, every: month}"),
    Finding.fields("MRT0407", "a: string", more: "id: client\npartition: @@{by: created_at, every: month}"),
    Finding.fields("MRT0407", "a: string", more: "table: old\npartition: @@{by: created_at, every: month}"),
    Finding("MRT0406", "resources: {users: {partition: @@{by: created_at, every: month}}}"),
    Finding(
      "MRT0407",
      "store: {url: \"postgres://h/d\", pooler: transaction}\n"
        + "resources: {a: {partition: @@{by: created_at, every: month}, access: {read: anyone}}}"),
    Finding.fields(
      "MRT0408", "a: {type: enum, values: [x, y, @@z], default: x}",
      more: "states: {field: a, transitions: {go: {from: x, to: y, access: nobody}}}"
    ),
  ]

  static let rules: [Finding] = [
    Finding("MRT0501", "resources: {a: {access: {read: record.@@x == 1}}}"),
    Finding("MRT0501", "resources: {a: {access: {read: \"record.id ==@@\"}}}"),
    Finding("MRT0501", "roles: [admin]\nresources: {a: {access: {read: @@admin}}}"),
    Finding("MRT0501", "resources: {a: {access: {read: @@everyone}}}"),
    Finding("MRT0501", "resources: {a: {access: {read: @@now}}}"),
    Finding("MRT0501", "roles: [admin]\nresources: {a: {access: {read: caller.has_role(@@\"admn\")}}}"),
    Finding.fields("MRT0501", "a: {type: integer, default: caller.@@id}"),
    Finding.fields("MRT0501", "a: string", more: "constraints:\n  c: input.a @@== 5"),
    Finding.fields("MRT0501", "a: string", more: "constraints:\n  c: @@caller.id == input.id"),
    Finding("MRT0501", "limits: {a: {rate: 1/second, when: @@record.id == 1}}"),
    Finding("MRT0502", "resources: {a: {access: {update: @@anyone}}}"),
    Finding("MRT0503", "resources: {@@a: {fields: {b: string}}}"),
    Finding("MRT0504", "queries: {q: {sql: select 1 as a, columns: {a: integer}, bypasses_rules: true, access: @@authenticated}}"),
    Finding.fields("MRT0505", "a: integer\nb: integer", access: "{read: anyone, update: input.a > 1 && @@record.b == 1}"),
    Finding("MRT0901", "@@jobs: {a: {schedule: \"@daily\", run: purge_expired}}"),
    Finding("MRT0902", "resources: {a: {access: {read: anyone}, fields: {@@b: secret}}}"),
  ]

  @Test(arguments: names + fields + resources + rules)
  func `names, fields, resources and rules`(finding: Finding) {
    let found = finding.found
    #expect(found.map { "\($0.code) \($0.line):\($0.column)" } == finding.expected, "\(found.map { $0.rendered() })")
  }

  @Test func `a keyword of a schema that nobody knows is named`() {
    let finding = Finding.fields("MRT0609", "a: {type: json, schema: {properties: {b: {@@minLenght: 1, x-note: 1}}}}")
    #expect(finding.found.map { "\($0.code) \($0.line):\($0.column)" } == finding.expected)
    #expect(finding.found.first?.suggestion == "did you mean \"minLength\"?")
    #expect(finding.result.contract != nil)
  }

  @Test func `every code has a case of its own`() {
    let cases = Set((FindingTests.files + FindingTests.shapes + Self.names + Self.fields + Self.resources + Self.rules).flatMap(\.codes))
    // What is found once the tables are known: ContractReviewTests.
    var later: Set = [DiagnosticCode.unaskableRule.rawValue, DiagnosticCode.unindexedRule.rawValue, DiagnosticCode.unindexedQuery.rawValue]
    // Of queries: WorkTests.
    later.insert(DiagnosticCode.invalidStatement.rawValue)
    // What the audit finds: ContractAuditTests.
    later.formUnion(DiagnosticCode.allCases.map(\.rawValue).filter { $0.hasPrefix("MRT06") })
    #expect(Set(DiagnosticCode.allCases.map(\.rawValue)).subtracting(cases) == later)
  }
}
