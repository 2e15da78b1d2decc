import Synchronization

/// What `/metrics` shows of a pool; read from any thread.
final class PoolFigures: Sendable {
  let open = Atomic<Int>(0)
  let busy = Atomic<Int>(0)
  let waitingReads = Atomic<Int>(0)
  let waitingWrites = Atomic<Int>(0)
  let lastBatch = Atomic<Int>(0)
  let batches = Atomic<Int>(0)
  let reads = Atomic<Int>(0)
  let shared = Atomic<Int>(0)
  let writes = Atomic<Int>(0)
  let retries = Atomic<Int>(0)
  let refusals = Atomic<Int>(0)
  let lost = Atomic<Int>(0)
  let opened = Atomic<Int>(0)

  /// On the pool's loop.
  func update(_ pool: LoopPool) {
    open.store(pool.connections.count { $0.phase != .opening }, ordering: .relaxed)
    busy.store(pool.connections.count { $0.phase == .reading || $0.phase == .writing }, ordering: .relaxed)
    waitingReads.store(pool.waitingReads, ordering: .relaxed)
    waitingWrites.store(pool.writes.count, ordering: .relaxed)
  }
}
