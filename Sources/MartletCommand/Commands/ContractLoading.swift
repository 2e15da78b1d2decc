import Contract
import Martlet
import Service

extension Invocation {
  /// A contract and all that is found about it, on the store that it names.
  ///
  /// - Parameter withAdvice: also what keeps no contract from being served.
  func loaded(_ path: String, withAdvice: Bool) -> LoadResult {
    let result = ContractLoader.load(path: path, environment: Environment.all)
    guard let contract = result.contract, let dialect = StoreOpening.dialect(of: contract.store.url) else { return result }
    let review = ContractReview(contract, dialect: dialect, places: result.places)
    return result.adding(review.errors + (withAdvice ? review.advice() : []))
  }

  /// The contract, or all its errors on standard error and exit code 1.
  func contract() throws(CommandFailure) -> Contract { try contract(loaded(contractPath, withAdvice: false)) }

  /// The same of one that was loaded.
  func contract(_ result: LoadResult) throws(CommandFailure) -> Contract {
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
