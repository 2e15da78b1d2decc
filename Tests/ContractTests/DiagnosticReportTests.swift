import Contract
import JSON
import Testing

@Suite struct DiagnosticReportTests {
  static let text = "martlet: 1\nresorces:\n\tx: 1\n"
  static let finding = Diagnostic(
    severity: .error, code: "MRT0101", file: "shop dir/martlet.yaml", line: 2, column: 1, message: "a contract has no key \"resorces\"",
    suggestion: "did you mean \"resources\"?")
  static let notice = Diagnostic(severity: .notice, code: "MRT0901", file: "a.yaml", line: 0, column: 0, message: "later")

  @Test func `a finding is one line`() {
    #expect(
      Self.finding.rendered()
        == "shop dir/martlet.yaml:2:1: error MRT0101: a contract has no key \"resorces\" (did you mean \"resources\"?)")
    #expect(Self.notice.rendered() == "a.yaml: notice MRT0901: later")
  }

  @Test func `with its text the place is shown`() {
    #expect(Self.finding.rendered(source: Self.text).hasSuffix("\n  resorces:\n  ^"))
    var tab = Self.finding
    (tab.line, tab.column) = (3, 2)
    #expect(tab.rendered(source: Self.text).hasSuffix("\n  \tx: 1\n  \t^"))
    tab.line = 99
    #expect(!tab.rendered(source: Self.text).contains("\n"))
  }

  @Test func `as JSON`() {
    let text = String(decoding: DiagnosticReport.json([Self.finding, Self.notice]).bytes, as: UTF8.self)
    #expect(
      text == """
        {"diagnostics":[{"code":"MRT0101","severity":"error","file":"shop dir/martlet.yaml","line":2,"column":1,\
        "message":"a contract has no key \\"resorces\\"","suggestion":"did you mean \\"resources\\"?"},\
        {"code":"MRT0901","severity":"notice","file":"a.yaml","message":"later"}],"errors":1,"warnings":0,"notices":1}
        """)
  }

  @Test func `as SARIF`() throws {
    let run = try #require(DiagnosticReport.sarif([Self.finding, Self.notice], version: "0.1.0")["runs"]?.arrayValue?.first)
    let rules = run["tool"]?["driver"]?["rules"]?.arrayValue ?? []
    #expect(rules.compactMap { $0["id"]?.stringValue } == ["MRT0101", "MRT0901"])
    let results = run["results"]?.arrayValue ?? []
    #expect(results.compactMap { $0["level"]?.stringValue } == ["error", "note"])
    #expect(results.compactMap { $0["ruleIndex"]?.integerValue } == [0, 1])
    let place = results.first?["locations"]?.arrayValue?.first?["physicalLocation"]
    #expect(place?["artifactLocation"]?["uri"] == "shop%20dir/martlet.yaml")
    #expect(place?["region"] == ["startLine": 2, "startColumn": 1])
  }

  @Test(arguments: DiagnosticCode.allCases)
  func `every code is explained`(code: DiagnosticCode) throws {
    let entry = try #require(DiagnosticExplanation.of(code.rawValue.lowercased()))
    #expect(entry.code == code)
    #expect(!entry.title.isEmpty && entry.explanation.hasSuffix(".") && entry.remedy.hasSuffix("."))
    #expect(entry.text.hasPrefix("\(code.rawValue) (\(code.severity.rawValue)): "))
  }

  @Test func `a code there is not is not explained`() {
    #expect(DiagnosticExplanation.of("MRT9999") == nil)
  }
}
