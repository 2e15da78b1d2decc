import Contract
import JSON

/// Whatever a contract's text is, loading it ends, with a contract or with errors that have a place in it.
enum ContractFuzz {
  private static let files = FileReader.table([
    "a.yaml": "include: b.yaml\nroles: [x]\nresources: {a: {fields: {b: {ref: users}}, access: {read: [x]}}}", "b.yaml": "roles: [",
    "secret": "s\n",
  ])

  static func run(_ bytes: [UInt8]) {
    let result = ContractLoader.load(path: "martlet.yaml", text: bytes, files: files, environment: ["A": "1", "B_FILE": "secret"])
    precondition((result.contract == nil) == !result.errors.isEmpty, "a contract with errors, or none without")
    for diagnostic in result.diagnostics {
      precondition(diagnostic.line >= 0 && diagnostic.column >= (diagnostic.line > 0 ? 1 : 0), "a place that is none")
      precondition(!diagnostic.message.isEmpty && DiagnosticExplanation.of(diagnostic.code) != nil, "a finding that nobody explains")
      _ = diagnostic.rendered(source: result.texts[diagnostic.file])
    }
    guard (try? JSONValue(parsing: DiagnosticReport.json(result.diagnostics).bytes)) != nil,
      (try? JSONValue(parsing: DiagnosticReport.sarif(result.diagnostics, version: "0").bytes)) != nil
    else { preconditionFailure("a report that is not JSON") }
  }
}
