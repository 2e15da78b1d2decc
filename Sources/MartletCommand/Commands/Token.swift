import Base
import Contract
import Identity

let tokenCommand = Command(
  name: "token", summary: "Prints a bearer token signed with the service's own key, for development and scripts.",
  flags: [
    .contract, Flag("as", "ID", "whom the token stands for (required)"),
    Flag("role", "ROLE", "a role of the contract", mayRepeat: true), Flag("scope", "SCOPE", "a scope", mayRepeat: true),
    Flag("ttl", "TIME", "how long it is good, such as 15m, 1h, 7d (default 1h)"), .signingKeyFile, .data,
  ], run: token)

private func token(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  guard let subject = invocation["as"], !subject.isEmpty, subject.utf8.count <= 255 else {
    throw CommandFailure(.usage, "say whom the token stands for: --as ID")
  }
  let contract = try invocation.contract()
  try invocation.demandRoles(of: contract)
  let roles = invocation.all("role")
  let lifetime = try duration(invocation["ttl"] ?? "1h")
  let source = try invocation.signingKey()
  do {
    let key = try ServiceKey.load(source)
    let minter = TokenMinter(service: contract.service.name, key: key)
    let text = try minter.mint(
      subject: subject, roles: roles, scopes: invocation.all("scope"), lifetime: lifetime, now: SystemClock().now)
    Output.result(text + "\n")
    return .done
  } catch {
    throw CommandFailure(.failed, "no token can be made: \(error)")
  }
}

extension Invocation {
  /// Every `--role` is one of the contract's.
  func demandRoles(of contract: Contract) throws(CommandFailure) {
    for role in all("role") where !contract.roles.contains(role) {
      let hint = Suggestion.question(role, in: contract.roles).map { "; " + $0 } ?? ""
      throw CommandFailure(.usage, "the contract has no role \"\(role)\"\(hint)")
    }
  }
}

/// As contracts write durations: `90s`, `15m`, `1h30m`, `7d`; whole seconds, at most ten years.
private func duration(_ text: String) throws(CommandFailure) -> Duration {
  guard let milliseconds = DurationForm.milliseconds(text), milliseconds > 0, milliseconds % 1000 == 0,
    milliseconds <= 315_360_000_000
  else { throw CommandFailure(.usage, "--ttl must be a time such as 15m, 1h or 7d, at most 10y") }
  return .milliseconds(milliseconds)
}
