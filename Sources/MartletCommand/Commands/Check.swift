import Contract
import JSON
import Martlet

let checkCommand = Command(
  name: "check", operands: "[FILE]", operandCount: 0...1, summary: "Checks a contract: every finding with its place.",
  flags: [
    .contract, Flag("format", "FORMAT", "text, json or sarif (default text)"),
    Flag("explain", "CODE", "explains a finding's code, such as MRT0001"),
  ], run: check)

private func check(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  if let code = invocation["explain"] {
    guard let explanation = DiagnosticExplanation.of(code) else {
      throw CommandFailure(.usage, "there is no code \(code)")
    }
    Output.result(explanation.text)
    return .done
  }
  let path = invocation.operands.first ?? invocation.contractPath
  let result = invocation.loaded(path, withAdvice: true)
  let hasErrors = result.contract == nil
  switch invocation["format"] ?? "text" {
  case "json": Output.result(DiagnosticReport.json(result.diagnostics).prettyBytes)
  case "sarif": Output.result(DiagnosticReport.sarif(result.diagnostics, version: Version.current).prettyBytes)
  case "text":
    for diagnostic in result.diagnostics { Output.result(diagnostic.rendered(source: result.texts[diagnostic.file]) + "\n") }
    let warnings = result.diagnostics.count { $0.severity == .warning }
    let counts = [(result.errors.count, "error"), (warnings, "warning"), (result.notices.count, "notice")]
    Output.words("\(path): " + counts.map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(separator: ", "))
  default: throw CommandFailure(.usage, "--format must be text, json or sarif")
  }
  return hasErrors ? .failed : .done
}
