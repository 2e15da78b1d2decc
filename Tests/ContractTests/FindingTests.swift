import Contract
import Testing

/// Every mistake is told with its code and its place.
@Suite struct FindingTests {
  static let files: [Finding] = [
    Finding("MRT0002", "a: [1, 2\nb@@: 1"),
    Finding("MRT0002", "service: {name: @@!mine shop}"),
    Finding("MRT0003", "roles: [a]\n@@roles: [b]"),
    Finding("MRT0103", "%@@- martlet"),
    Finding("MRT0103", "%@@# nothing"),
    Finding("MRT0001", "include: @@parts/none.yaml"),
    Finding("MRT0004", "include: @@/etc/martlet.yaml"),
    Finding("MRT0004", "include: @@martlet.yaml"),
    Finding("MRT0004", "include: [a.yaml, @@a.yaml]", files: ["a.yaml": "roles: [x]"]),
    Finding("MRT0005", "store: {url: @@\"${DATABASE_URL}\"}"),
    Finding("MRT0005", "store: {url: @@\"${DATABASE_URL}\"}", environment: ["DATABASE_URL_FILE": "secrets/none"]),
    Finding("MRT0006", "service: {description: \"a @@${b\"}"),
    Finding("MRT0006", "service: {description: \"@@${1x}\"}"),
    Finding("MRT0006", "service: {description: 'x @@${NAME-default}'}"),
    Finding("MRT0007", "store: {url: @@\"postgres://app:hunter2@db/shop\"}"),
    Finding("MRT0007", "store: {url: @@\"${DATABASE_URL:-postgres://app:hunter2@db/shop}\"}"),
    Finding("MRT0007", "store: {url: @@\"postgres://db/shop?user=app&password=hunter2\"}"),
    Finding(
      "MRT0007",
      "identity: {providers: {google: {issuer: \"https://accounts.google.com\", client_id: x, client_secret: @@GOCSPX-abc}}}"),
    Finding("MRT0007", "services: {mail: {url: \"http://m\", headers: {Authorization: @@Bearer abcdef}}}"),
    Finding("MRT0007", "services: {mail: {url: \"http://m\", headers: {X-Key: @@AKIAIOSFODNN7EXAMPLE}}}"),
    Finding("MRT0008", "%@@service: {name: shop}"),
    Finding("MRT0008", "%martlet: @@2"),
    Finding("MRT0008", "%martlet: @@one"),
  ]

  static let shapes: [Finding] = [
    Finding("MRT0101", "@@resorces: {}"),
    Finding("MRT0101", "service: {name: shop, @@nmae: x}"),
    Finding.fields("MRT0103 MRT0101", "price: {type: decimal, precision: @@12,@@2}"),
    Finding("MRT0102", "cache: @@{ttl: 1h}"),
    Finding("MRT0102", "resources: {things: {access: {read: anyone}, fields: {a: @@{required: true}}}}"),
    Finding("MRT0103", "service: @@[shop]"),
    Finding("MRT0103", "service: {name: @@1}"),
    Finding("MRT0103", "service: {description: @@true}"),
    Finding("MRT0103", "store: {pool: @@many}"),
    Finding("MRT0103", "roles: @@admin"),
    Finding("MRT0103", "service: @@~\nroles: [a]"),
    Finding.fields("MRT0103", "a: {type: string, required: @@yes}"),
    Finding("MRT0103", "store: {timeout: @@30}"),
    Finding("MRT0101", "store: {timeout: {@@sleep: 30s}}"),
    Finding("MRT0103", "store: {timeout: {lock: @@30}}"),
    Finding("MRT0103", "store: {timeout: @@[1s]}"),
    Finding("MRT0104", "store: {url: \"sqlite:x.db\", pooler: @@transaction}"),
    Finding("MRT0105", "store: {url: \"postgres://h/d\", pooler: @@session}"),
    Finding("MRT0102", "store: {url: \"postgres://h/d\", direct: @@\"postgres://h/d\"}"),
    Finding("MRT0104", "store: {timeout: @@30 s}"),
    Finding("MRT0104", "store: {timeout: @@1s1h}"),
    Finding("MRT0104", "store: {timeout: @@101y}"),
    Finding("MRT0104", "limits: {a: {rate: @@60/fortnight}}"),
    Finding("MRT0104", "limits: {a: {rate: @@0/second}}"),
    Finding("MRT0104", "service: {scaling: {target_cpu: @@170%}}"),
    Finding("MRT0104", "service: {health: {endpoint: @@health}}"),
    Finding("MRT0104", "store: {url: @@\"oracle://db/x\"}"),
    Finding("MRT0104", "store: {url: @@\"postgres:///x\"}"),
    Finding("MRT0104", "store: {url: @@shop.db}"),
    Finding("MRT0104", "store: {url: @@\"sqlite:\"}"),
    Finding("MRT0104", "jobs: {a: {run: x, schedule: @@\"0 3 * *\"}}"),
    Finding("MRT0104", "jobs: {a: {run: x, schedule: @@\"61 3 * * *\"}}"),
    Finding("MRT0104", "jobs: {a: {run: x, schedule: @@\"@often\"}}"),
    Finding("MRT0104", "services: {a: {url: \"http://a\", retry: {attempts: 2, backoff: @@2s..1s}}}"),
    Finding.fields("MRT0104", "a: {type: string, length: @@1-200}"),
    Finding.fields("MRT0104", "a: {type: decimal, precision: @@\"19,2\"}"),
    Finding.fields("MRT0104", "a: {type: money, currencies: [EUR, @@euro]}"),
    Finding.fields("MRT0104", "a: {type: json, size: @@64kb}"),
    Finding.fields("MRT0105", "a: {ref: users, on_delete: @@cascde}"),
    Finding("MRT0105", "identity: {factors: [@@sms]}"),
    Finding("MRT0106", "store: {pool: @@0}"),
    Finding("MRT0106", "identity: {tokens: {access: @@30d}}"),
    Finding("MRT0106", "resources: {a: {access: {read: @@[]}}}"),
    Finding.fields("MRT0106", "a: {type: string, length: @@0..70000}"),
    Finding.fields("MRT0106", "a: {type: json, size: @@2GiB}"),
    Finding("MRT0107", "roles: [@@Admin]"),
    Finding("MRT0107", "resources: {@@OrderItems: {access: {read: anyone}}}"),
    Finding.fields("MRT0107", "@@unitPrice: string"),
    Finding.fields("MRT0107", "@@a__b: string"),
  ]

  @Test(arguments: files + shapes)
  func `files and shapes`(finding: Finding) {
    let found = finding.found
    #expect(found.map { "\($0.code) \($0.line):\($0.column)" } == finding.expected, "\(found.map { $0.rendered() })")
    #expect(finding.result.contract == nil)
  }
}
