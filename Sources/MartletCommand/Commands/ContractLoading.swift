import Contract

extension Invocation {
  /// The contract, or all its errors on standard error and exit code 1.
  func contract() throws(CommandFailure) -> Contract {
    let result = ContractLoader.load(path: contractPath, environment: Environment.all)
    guard let contract = result.contract else {
      for diagnostic in result.errors { Output.words(diagnostic.rendered(source: result.texts[diagnostic.file])) }
      throw CommandFailure(.failed, "\(contractPath) has \(result.errors.count) error\(result.errors.count == 1 ? "" : "s")")
    }
    return contract
  }

  /// The folder that the contract's relative paths start at.
  var contractFolder: String {
    guard let slash = contractPath.lastIndex(of: "/") else { return "." }
    return slash == contractPath.startIndex ? "/" : String(contractPath[..<slash])
  }
}
