import Base
import Contract
import Martlet
import Synchronization
import Telemetry

/// Brings a running service to what its contract says by now. A contract with errors changes nothing.
final class ContractRenewal: Sendable {
  private let invocation: Invocation
  private let runtime: Runtime
  /// The files that the contract was made of when it was last read.
  private let files: Mutex<[String: FileStamp?]>

  /// How often the files are looked at.
  private static let interval: Duration = .milliseconds(300)

  init(_ invocation: Invocation, _ runtime: Runtime, files: [String]) {
    self.invocation = invocation
    self.runtime = runtime
    self.files = Mutex(ContractRenewal.stamps(files))
  }

  private static func stamps(_ files: [String]) -> [String: FileStamp?] {
    Dictionary(files.map { ($0, FileStamp(of: $0)) }) { first, _ in first }
  }

  /// Reads the contract and serves it. Says what is wrong where it cannot be served, and what was done to the schema where it can.
  func renew() async {
    // Looked at before they are read: what changes meanwhile is seen the next time.
    let known = files.withLock { $0.keys.map(\.self) }
    let before = ContractRenewal.stamps(known)
    let result = invocation.loaded(invocation.contractPath, withAdvice: false)
    files.withLock { files in
      files = ContractRenewal.stamps(result.files)
      for (file, stamp) in before where files[file] != nil { files[file] = stamp }
    }
    guard let contract = result.contract else {
      for diagnostic in result.errors { Output.words(diagnostic.rendered(source: result.texts[diagnostic.file])) }
      let count = result.errors.count
      runtime.logger.error(
        "contract refused", [LogField("detail", .cause("\(count) error\(count == 1 ? "" : "s"); the one before is served on"))])
      return
    }
    do throws(StartError) {
      try await runtime.reload(contract)
    } catch {
      runtime.logger.error("contract refused", [LogField("detail", .cause("\(error.description); the one before is served on"))])
      return
    }
    for change in runtime.schemaChanges { runtime.logger.info("schema changed", [LogField("change", .name(change))]) }
    runtime.logger.notice("contract reloaded", [LogField("service", .name(contract.service.name))])
  }

  /// Renews whenever a file of the contract has changed and has not changed again for one look: editors write in several steps.
  func watch() async {
    var pending: [String: FileStamp?]?
    while (try? await Task.sleep(for: ContractRenewal.interval)) != nil {
      let known = files.withLock { $0 }
      let now = ContractRenewal.stamps(Array(known.keys))
      guard now != known else {
        pending = nil
        continue
      }
      guard now == pending else {
        pending = now
        continue
      }
      pending = nil
      await renew()
    }
  }
}
