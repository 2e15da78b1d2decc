import Contract
import TestSupport
import Testing

/// Files, includes and the environment.
@Suite struct FileTests {
  @Test func `included sections join`() throws {
    let contract = try LoaderTests.contract(
      "include: [parts/a.yaml, parts/b.yaml]\nroles: [x]\nresources: {one: {access: {read: [y]}}}",
      files: [
        "parts/a.yaml": "include: deep/c.yaml\nroles: [y]\nresources: {two: {fields: {one: {ref: one}}, access: {read: nobody}}}",
        "parts/b.yaml": "martlet: 1\nservice: {name: other}\nidentity: {claims: {a: string}}",
        "parts/deep/c.yaml":
          "identity: {claims: {b: integer}, issuers: {p: {issuer: p, audience: a, jwks: keys/p.json}}}\nevents: {publish: []}",
      ])
    #expect(contract.resources.map(\.name) == ["users", "one", "two"])
    #expect(contract.roles == ["x", "y"])
    #expect(contract.service.name == "other")
    #expect(contract.identity.claims.map(\.name) == ["b", "a"])
    // Relative to the contract, though it stands in a file two folders below.
    #expect(contract.identity.issuers.map(\.keyFile) == ["parts/deep/keys/p.json"])
  }

  @Test func `findings name the file they are in`() {
    let result = ContractLoader.load(
      text: "martlet: 1\ninclude: a.yaml\nservice: {name: one}\nx: 1", files: ["a.yaml": "service: {name: two}\nroles: [a, a]"])
    #expect(
      result.diagnostics.map { "\($0.file):\($0.line):\($0.column) \($0.code)" }
        == ["martlet.yaml:4:1 MRT0101", "a.yaml:1:1 MRT0202", "a.yaml:2:12 MRT0202"])
    #expect(result.texts.keys.sorted() == ["a.yaml", "martlet.yaml"])
  }

  @Test func `an include cannot go round in circles`() {
    let result = ContractLoader.load(
      text: "martlet: 1\ninclude: a.yaml", files: ["a.yaml": "include: ./b.yaml", "b.yaml": "include: [../x.yaml, a.yaml, martlet.yaml]"])
    #expect(result.errors.map(\.code) == ["MRT0001", "MRT0004", "MRT0004"])
  }

  @Test func `no more than 64 files`() {
    var files: [String: String] = [:]
    for number in 0..<70 { files["f\(number).yaml"] = "roles: [r\(number)]" }
    let names = (0..<70).map { "f\($0).yaml" }.joined(separator: ", ")
    let result = ContractLoader.load(text: "martlet: 1\ninclude: [\(names)]", files: files)
    #expect(result.errors.map(\.code) == Array(repeating: "MRT0004", count: 7))
  }

  @Test func `the environment fills in texts and numbers`() throws {
    let contract = try LoaderTests.contract(
      """
      service: {name: "${NAME}", description: "a ${X:-b} $${c} ${EMPTY:-d} $"}
      store: {pool: "${POOL:-7}", url: "${URL}"}
      """, environment: ["NAME": "shop", "POOL": "30", "EMPTY": "", "URL_FILE": "secret"], files: ["secret": "postgres://a:b@c/d\n"])
    #expect(contract.service.name == "shop")
    #expect(contract.service.description == "a b ${c} d $")
    #expect(contract.store.pool == 30)
    #expect(contract.store.url == "postgres://a:b@c/d")
  }

  @Test func `a store's time-outs stand by their names, or one stands for a statement`() throws {
    let named = ContractLoader.load(
      text: """
        martlet: 1
        store:
          url: postgres://h/d
          pooler: transaction
          direct: postgres://i/d
          timeout: {statement: 1s, transaction: 2s, lock: 3s, connect: 4s, wait: 5ms}
        """, environment: [:])
    let store = try #require(named.contract).store
    #expect(store.timeout == .seconds(1) && store.transactionTimeout == .seconds(2) && store.lockTimeout == .seconds(3))
    #expect(store.connectTimeout == .seconds(4) && store.waitTimeout == .milliseconds(5))
    #expect(store.isBehindPooler && store.directURL == "postgres://i/d")
    let one = try #require(ContractLoader.load(text: "martlet: 1\nstore: {timeout: 7s}", environment: [:]).contract).store
    #expect(one.timeout == .seconds(7) && one.transactionTimeout == nil && one.lockTimeout == .seconds(5) && !one.isBehindPooler)
  }

  @Test func `backups are kept in a folder, as often and as long as it says`() throws {
    let plain = try LoaderTests.contract("backup: {to: \"${BACKUPS}\"}", environment: ["BACKUPS": "file:///srv/back%20ups"]).backup
    #expect(plain == BackupSettings(folder: "/srv/back ups"))
    #expect(plain?.every == .seconds(86_400) && plain?.keep == .seconds(14 * 86_400) && plain?.ship == .seconds(1))
    let whole = try LoaderTests.contract("backup: {to: \"file:b\", every: 6h, keep: 4w, ship: 250ms}").backup
    #expect(whole?.folder == "b")
    #expect(whole?.every == .seconds(6 * 3600) && whole?.keep == .seconds(28 * 86_400) && whole?.ship == .milliseconds(250))
    #expect(try LoaderTests.contract("service: {name: a}").backup == nil)
  }

  @Test func `a plain variable is a number where a number is needed and a text where a text is`() throws {
    let contract = try LoaderTests.contract(
      "service:\n  name: ${NAME}\n  description: ${TEXT}\nstore:\n  pool: ${POOL}", environment: ["NAME": "a1", "TEXT": "12", "POOL": "12"])
    #expect(contract.service.description == "12" && contract.store.pool == 12)
  }

  @Test func `a value from the environment is not repeated in a finding`() {
    let result = ContractLoader.load(
      text: "martlet: 1\nstore: {url: \"${URL}\", timeout: \"${T}\"}", environment: ["URL": "hunter2", "T": "hunter2"])
    #expect(result.errors.map(\.code) == ["MRT0104", "MRT0104"])
    #expect(result.errors.allSatisfy { !$0.rendered().contains("hunter2") })
  }

  @Test(arguments: [
    "store: {url: \"postgres://app:${PASSWORD}@db/shop\"}", "store: {url: \"postgres://app@db/shop\"}",
    "resources: {things: {access: {read: anyone}, fields: {password: string, token: text, secret: string}}}",
    "identity: {claims: {token: string}}", "services: {a: {url: \"http://a\", headers: {Authorization: \"Bearer ${TOKEN}\"}}}",
    "identity: {providers: {g: {issuer: \"https://g\", client_id: \"${ID:-}\", client_secret: \"${SECRET:-}\"}}}",
  ])
  func `what is no secret is not taken for one`(text: String) throws {
    _ = try LoaderTests.contract(text, environment: ["PASSWORD": "x", "TOKEN": "y"])
  }

  @Test func `a file of the disk is read, and one that is not there is told`() {
    let result = ContractLoader.load(path: Files.root + "/examples/shop/martlet.yaml", environment: [:])
    #expect(result.contract?.service.name == "shop")
    let none = ContractLoader.load(path: Files.root + "/examples/none.yaml", environment: [:])
    #expect(none.contract == nil)
    #expect(none.diagnostics.map(\.code) == ["MRT0001"])
    #expect(none.diagnostics.map(\.line) == [0])
  }

  @Test func `errors are not lost behind notices`() {
    let things = (0..<499).map {
      "  t\($0): {history: true, sourced: true, access: {read: anyone}}\n"
    }.joined()
    let service = "service: {name: a, version: v1, scaling: {min_replicas: 1}, health: {endpoint: /h, interval: 10s}}"
    let result = ContractLoader.load(
      text: "martlet: 1\n\(service)\nresources:\n\(things)  last: {access: {read: record.x}}")
    #expect(result.contract == nil)
    #expect(result.errors.map(\.code) == ["MRT0501"])
    #expect(result.notices.count == 500)
  }
}
