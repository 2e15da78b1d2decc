import Contract
import Testing

/// Sections that later versions serve: every name and expression in them is checked now.
@Suite struct WorkTests {
  static let base = """
    roles: [admin, clerk]
    brokers: {bus: "memory:"}
    services: {pay: {url: "http://pay", timeout: 2s}}
    resources:
      orders:
        access: {read: anyone}
        fields:
          total: money
          placed: timestamp
          status: {type: enum, values: [open, paid], default: open}
          secret: {type: string, read: [admin]}
        states: {field: status, transitions: {pay: {from: open, to: paid, access: [admin]}}}

    """

  static let mistakes: [Finding] = [
    Finding("MRT0203", "limits: {}\nqueries: {q: {from: @@order, access: [admin], select: {n: placed, placed: placed}}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin], select: {n: placed, placed: placed}, where: placed @@> 5}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin], select: {n: placed, placed: placed}, where: total.@@amount}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin], params: {a: date}, select: {x: sum(@@params.b)}}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin], select: {x: @@sum()}}}"),
    Finding("MRT0204", "queries: {q: {from: orders, access: [admin], select: {x: count()}, sort: @@-y}}"),
    Finding("MRT0204", "queries: {q: {from: orders, access: [admin], select: {n: placed, placed: placed}, sort: [placed, @@plced]}}"),
    Finding("MRT0102", "queries: {@@q: {from: orders, access: [admin], group: {day: date(placed)}}}"),
    Finding("MRT0102", "queries: {q: {sql: @@select 1 as a, access: [admin], columns: {a: integer}}}"),
    Finding("MRT0102", "queries: {@@q: {sql: select 1 as a, access: [admin], bypasses_rules: true}}"),
    Finding("MRT0102", "queries: {q: {from: orders, access: [admin], select: {n: count()}, bypasses_rules: @@true}}"),
    Finding("MRT0102", "queries: {q: {sql: @@{mysql: select 1}, access: [admin], bypasses_rules: true, columns: {a: integer}}}"),
    Finding.statement("select a from b where c = @@:d"),
    Finding.statement("@@ "),
    Finding.statement("@@delete from orders"),
    Finding.statement("@@pragma query_only = off"),
    Finding.statement("@@attach 'x' as y"),
    Finding.statement("select 1; @@drop table orders"),
    Finding.statement("select 1@@) as t; select (2"),
    Finding.statement("select (1@@"),
    Finding.statement("select @@'a"),
    Finding.statement("select 1 @@/* a"),
    Finding.statement("select @@?"),
    Finding("MRT0301", "queries: {q: {sql: select 1 as a, access: [admin], bypasses_rules: true, columns: {a: @@int}}}"),
    Finding("MRT0407", "queries: {q: {sql: select 1 as a, access: [admin], bypasses_rules: true, columns: {a: @@money}}}"),
    Finding(
      "MRT0201",
      "queries: {q: {sql: select 1 as a, access: [admin], bypasses_rules: true, columns: {a: integer}, params: {@@caller_id: uuid}}}"),
    Finding(
      "MRT0204",
      "queries: {q: {sql: select 1 as a, access: [admin], bypasses_rules: true, columns: {a: json, b: integer}, sort: [b, @@a]}}"),
    Finding("MRT0307", "queries: {q: {from: orders, access: [admin], select: {n: count()}, timeout: @@31s}}"),
    Finding("MRT0102", "queries: {q: @@{from: orders, select: {n: placed}}}"),
    Finding(
      "MRT0307 MRT0307",
      "queries: {q: {from: @@orders, sql: select 1 as a, columns: {a: integer}, bypasses_rules: true, access: [admin], select: @@{n: placed}}}"
    ),
    Finding("MRT0301", "queries: {q: {from: orders, access: [admin], select: {n: placed, placed: placed}, params: {a: @@day}}}"),
    Finding(
      "MRT0306",
      "queries: {q: {from: orders, access: [admin], select: {n: placed, placed: placed}, params: {a: {type: date, default: @@soon}}}}"),
    Finding("MRT0102", "queries: {@@q: {from: orders, access: [admin]}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin], select: {n: @@total}}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin], select: {n: @@sum(total.amount)}}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin], select: {n: @@sum(status)}}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin], select: {n: @@caller.id}}}"),
    Finding("MRT0307", "queries: {q: {from: orders, access: [admin], group: {a: status}, select: {n: count(), b: @@placed}}}"),
    Finding("MRT0202", "queries: {q: {from: orders, access: [admin], group: {a: status}, select: {@@a: count()}}}"),
    Finding("MRT0201", "queries: {q: {from: orders, access: [admin], params: {@@limit: integer}, select: {n: count()}}}"),
    Finding("MRT0407", "queries: {q: {from: orders, access: [admin], params: {a: @@money}, select: {n: count()}}}"),
    Finding(
      "MRT0307",
      "queries: {q: {from: orders, access: [admin], params: {a: {type: integer, required: true, default: @@1}}, select: {n: count()}}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: authenticated, select: {n: @@secret}}}"),
    Finding("MRT0501", "queries: {q: {from: orders, access: [admin, clerk], where: @@secret == \"x\", select: {n: count()}}}"),
    Finding("MRT0205", "queries: {q: {from: orders, access: [@@admn], select: {n: placed}}}"),
    Finding("MRT0208", "workflows: {w: {after: @@orders.paid, steps: {a: {run: x}}}}"),
    Finding("MRT0106", "workflows: {w: {after: orders.pay, steps: @@{}}}"),
    Finding("MRT0206", "workflows: {w: {after: orders.pay, steps: {a: {call: pay.post, path: /x, undo: {call: @@pya.post, path: /x}}}}}"),
    Finding("MRT0501", "workflows: {w: {after: orders.pay, steps: {a: {call: pay.post, path: \"/x/{@@b.id}\"}, b: {run: x}}}}"),
    Finding("MRT0104", "workflows: {w: {after: orders.pay, steps: {a: {call: pay.post, path: \"/x/@@{b\"}}}}"),
    Finding(
      "MRT0501", "workflows: {w: {after: orders.pay, steps: {a: {call: pay.post, path: /x, body: \"{a: record.id, b: {c: @@nothing}}\"}}}}"),
    Finding("MRT0104", "workflows: {w: {after: orders.pay, steps: {a: {call: pay.post, path: /x, body: \"{a: 1, @@2}\"}}}}"),
    Finding("MRT0104", "workflows: {w: {after: orders.pay, steps: {a: {call: @@pay.fetch, path: /x}}}}"),
    Finding("MRT0102", "jobs: {j: {after: orders.pay, call: @@pay.post}}"),
    Finding("MRT0102", "jobs: {@@j: {run: x}}"),
    Finding("MRT0102", "jobs: {j: @@{after: orders.pay}}"),
    Finding("MRT0307", "jobs: {@@j: {after: orders.pay, schedule: \"@daily\", run: x}}"),
    Finding("MRT0307", "jobs: {j: @@{after: orders.pay, run: x, transition: orders.pay}}"),
    Finding("MRT0302", "jobs: {j: {after: orders.pay, run: x, @@path: /y}}"),
    Finding("MRT0501", "jobs: {j: {after: orders.pay, run: x, when: @@caller.id == record.id}}"),
    Finding("MRT0209", "jobs: {j: {after: orders.pay, transition: @@orders.ship}}"),
    Finding("MRT0106", "jobs: {j: {after: orders.pay, run: x, timeout: 0s, retry: @@{attempts: 2}}}"),
    Finding("MRT0203", "events: {publish: [{match: @@\"order.*\", to: bus, topic: t}]}"),
    Finding("MRT0208", "events: {publish: [{match: @@orders.shipped, to: bus, topic: t}]}"),
    Finding("MRT0207", "events: {consume: [{from: @@buss, topic: t, transition: orders.pay}]}"),
    Finding("MRT0501", "events: {consume: [{from: bus, topic: t, transition: orders.pay, match: record.id == @@evnt.id}]}"),
    Finding("MRT0203", "webhooks: {match: [@@order.created], access: [admin]}"),
    Finding("MRT0501", "webhooks: {match: orders.created, access: \"@@record.id == 1\"}"),
    Finding("MRT0101", "events: {@@pubish: []}"),
  ]

  @Test(arguments: mistakes)
  func `mistakes in them are errors`(finding: Finding) {
    var finding = finding
    finding.text = "martlet: 1\n" + Self.base + finding.text.dropFirst("martlet: 1\n".count)
    let found = finding.found
    #expect(found.map { "\($0.code) \($0.line):\($0.column)" } == finding.expected, "\(found.map { $0.rendered() })")
  }

  @Test func `what is right is accepted with a notice for each section`() throws {
    let contract = try LoaderTests.contract(
      Self.base + """
        queries:
          q: {from: orders, access: [admin], params: {a: {type: enum, values: [x, y], default: x}}, where: status == params.a || true,
              group: {day: date(placed), cur: total.currency}, select: {n: count(), s: sum(total.amount), m: max(placed)}, sort: [day, -n]}
          raw: {sql: {sqlite: select 1 as a, postgres: "select $$a;:b$$::text as a -- ; :c"}, bypasses_rules: true, access: [admin],
                columns: {a: string}, timeout: 5s}
        workflows:
          w: {after: orders.pay, steps: {a: {call: pay.post, path: "/x/{record.id}", body: "{n: 'a, {b}', l: [1, 2], r: {x: record.total.amount}}",
              undo: {call: pay.delete, path: "/x/{a.id}"}}, b: {run: handler, retry: {attempts: 3, backoff: 1s..1m}}}}
        jobs: {j: {schedule: "*/5 * * * *", run: purge_expired}, k: {after: orders.updated, transition: orders.pay, when: record.status == "open"}}
        events: {publish: [{match: "*", to: bus, topic: t}, {match: "orders", to: bus, topic: t, key: record.id}]}
        webhooks: {match: [orders.*, "*.created"], access: authenticated}
        limits: {a: {rate: 1/second, when: "!caller.authenticated && request.ip != '::1'"}}
        """)
    #expect(contract.notices.map(\.line).count == 7)
    #expect(contract.notices.allSatisfy { $0.code == "MRT0901" })
  }
}

extension Finding {
  /// Of a query's own statement.
  fileprivate static func statement(_ text: String) -> Finding {
    Finding("MRT0509", "queries: {q: {sql: \"\(text)\", access: [admin], bypasses_rules: true, columns: {a: integer}}}")
  }
}
