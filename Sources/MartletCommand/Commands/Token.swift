import Base
import Contract
import Identity

let tokenCommand = Command(
  name: "token", summary: "Prints a bearer token signed with the service's own key, for development and scripts.",
  flags: [
    .contract, Flag("as", "ID", "whom the token stands for (required)"),
    Flag("role", "ROLE", "a role of the contract", mayRepeat: true), Flag("scope", "SCOPE", "a scope", mayRepeat: true),
    Flag("ttl", "TIME", "how long it is good, such as 15m, 1h, 7d (default 1h)"), .data,
  ], run: token)

private func token(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  guard let subject = invocation["as"], !subject.isEmpty, subject.utf8.count <= 255 else {
    throw CommandFailure(.usage, "say whom the token stands for: --as ID")
  }
  let contract = try invocation.contract()
  let roles = invocation.all("role")
  for role in roles where !contract.roles.contains(role) {
    let hint = Suggestion.question(role, in: contract.roles).map { "; " + $0 } ?? ""
    throw CommandFailure(.usage, "the contract has no role \"\(role)\"\(hint)")
  }
  let lifetime = try duration(invocation["ttl"] ?? "1h")
  do {
    let key = try ServiceKey.load(in: invocation.dataFolder)
    let minter = TokenMinter(service: contract.service.name, key: key)
    let text = try minter.mint(
      subject: subject, roles: roles, scopes: invocation.all("scope"), lifetime: lifetime, now: SystemClock().now)
    Output.result(text + "\n")
    return .done
  } catch {
    throw CommandFailure(.failed, "no token can be made: \(error)")
  }
}

/// `90s`, `15m`, `1h`, `7d`; at most ten years.
private func duration(_ text: String) throws(CommandFailure) -> Duration {
  let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
  guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), number > 0, number <= 315_360_000 / unit
  else { throw CommandFailure(.usage, "--ttl must be a time such as 15m, 1h or 7d") }
  return .seconds(number * unit)
}
