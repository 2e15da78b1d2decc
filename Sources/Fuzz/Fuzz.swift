#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What libFuzzer calls with each input. `MARTLET_FUZZ_TARGET` names the reader that is fed.
///
/// Safety: the bytes are copied before anything looks at them, and the pointer is not kept.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  FuzzTarget.chosen.run(bytes)
  return 0
}

enum FuzzTarget: String, CaseIterable {
  case contract, expression, http, json, schema, token

  // Safety: the environment is read once, before any other thread.
  static let chosen: FuzzTarget = {
    guard let name = unsafe getenv("MARTLET_FUZZ_TARGET"), let target = unsafe FuzzTarget(rawValue: String(cString: name)) else {
      print("MARTLET_FUZZ_TARGET must be one of: \(allCases.map(\.rawValue).joined(separator: " "))")
      exit(2)
    }
    return target
  }()

  func run(_ bytes: [UInt8]) {
    switch self {
    case .contract: ContractFuzz.run(bytes)
    case .expression: ExpressionFuzz.run(bytes)
    case .http: HTTPFuzz.run(bytes)
    case .json: JSONFuzz.run(bytes)
    case .schema: SchemaFuzz.run(bytes)
    case .token: TokenFuzz.run(bytes)
    }
  }
}
