import Bench
import Store

let adoptCommand = Command(
  name: "adopt", operands: "URL", operandCount: 1...1, summary: "Writes a contract for a database that is there already.",
  flags: [
    Flag("output", "FILE", "where the contract goes (default standard output)", letter: "o"),
    Flag("service", "NAME", "the service's name (default: the database's)"),
  ], run: adopt)

private func adopt(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let url = invocation.operands[0]
  guard url.hasPrefix("sqlite:") else {
    throw CommandFailure(.usage, "this version adopts sqlite:PATH only")
  }
  let text: String
  do throws(StoreError) {
    text = try await Adoption.contract(of: url, service: invocation["service"])
  } catch {
    throw CommandFailure(error.code == .invalidStatement ? .usage : .unreachable, "\(url) cannot be read: \(error.message)")
  }
  guard let path = invocation["output"] else {
    Output.result(text)
    return .done
  }
  try OutputFile.write(text, to: path)
  Output.words("Wrote \(path). Every access rule is `nobody`: decide them, then run martlet check --contract \(path)")
  return .done
}
