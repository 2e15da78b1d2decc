import Contract
import Martlet
import REST

let schemaCommand = Command(
  name: "schema", summary: "Prints the JSON Schema of contracts.", flags: [],
  run: { (_: Invocation) async throws(CommandFailure) in
    Output.result(ContractSchema.json())
    return .done
  })

let openAPICommand = Command(
  name: "openapi", summary: "Prints the OpenAPI description of a contract's API.",
  flags: [.contract, Flag("format", "FORMAT", "json or yaml (default json)"), Flag("origin", "URL", "where the API is served")],
  run: { (invocation: Invocation) async throws(CommandFailure) in
    let contract = try invocation.contract()
    switch invocation["format"] ?? "json" {
    case "json": Output.result(OpenAPI.document(contract: contract, origin: invocation["origin"]))
    case "yaml": Output.result(OpenAPI.yaml(contract: contract, origin: invocation["origin"]))
    default: throw CommandFailure(.usage, "--format must be json or yaml")
    }
    return .done
  })

let versionCommand = Command(
  name: "version", summary: "Prints the version.", flags: [],
  run: { (_: Invocation) async throws(CommandFailure) in
    Output.result("martlet \(Version.current)\n")
    return .done
  })
