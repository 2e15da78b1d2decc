import Synchronization

/// A counter that one thread writes and any may read.
final class LoopCounter: Sendable {
  private let value = Atomic<Int>(0)

  /// On the loop only: no locked instruction is needed with one writer.
  func increment() { value.store(value.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
  var count: Int { value.load(ordering: .relaxed) }
}

/// What a loop's part of a server counts.
final class LoopCounters: Sendable {
  let accepted = LoopCounter()
  let refused = LoopCounter()
  let acceptFailures = LoopCounter()
  let requests = LoopCounter()
  let parseErrors = LoopCounter()
  let timeouts = LoopCounter()
  let abandoned = LoopCounter()
}

/// What the loops of a server share.
final class HTTPServerShared: Sendable {
  let open = Atomic<Int>(0)
  let connectionID = Atomic<UInt64>(0)
}
