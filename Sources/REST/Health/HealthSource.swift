/// What `/health` asks: the composition root knows the dependencies, this adapter only shows them.
package protocol HealthSource: Sendable {
  /// Each dependency's state now. Bounded in time by the source (2 seconds at most); it may answer from the last second's
  /// check, so that health checks are no load.
  func dependencies() async -> [DependencyHealth]

  /// Whether the process is about to end: readiness is red then.
  var isDraining: Bool { get }
}

/// One dependency (`store`, `broker`) and whether it answers.
package struct DependencyHealth: Sendable {
  package var name: String
  package var isHealthy: Bool
  /// Whether no requests can be taken without it.
  package var isEssential: Bool
  /// How long its answer took; nil where it was not asked.
  package var nanoseconds: UInt64?
  package init(name: String, isHealthy: Bool, isEssential: Bool = true, nanoseconds: UInt64? = nil) {
    self.name = name
    self.isHealthy = isHealthy
    self.isEssential = isEssential
    self.nanoseconds = nanoseconds
  }
}
