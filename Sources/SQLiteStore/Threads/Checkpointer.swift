import Store
import Synchronization

/// What the writer and the checkpointer tell each other.
final class CheckpointState: Sendable {
  /// The writer's requests: one that waits is enough.
  let requests = JobQueue<Void>(capacity: 1)
  /// The thread has copied all but a little of the log.
  let isLittleLeft = Atomic<Bool>(false)
  /// Held by whoever copies: SQLite lets one at a time do it, and refuses the other without a wait.
  let copying = Mutex<Void>(())
  /// What the log held after the last commit.
  let logPages = Atomic<Int>(0)
}

/// The thread that copies the write-ahead log into the file.
struct Checkpointer {
  /// Pages that are left to the writer: what it copies in about a millisecond.
  static let pagesLeftMax = 256
  /// While the thread copies, the log grows; each round has less to do than the one before.
  private static let roundsMax = 8

  let connection: Connection
  let state: CheckpointState

  /// Until the queue is closed and empty.
  func run() {
    while state.requests.take() != nil {
      if copy() { state.isLittleLeft.store(true, ordering: .releasing) }
    }
  }

  /// False where much is left: a reader needs the old pages still, or the disk failed. The writer asks again.
  private func copy() -> Bool {
    var copied = -1
    for _ in 0..<Checkpointer.roundsMax {
      guard let log = state.copying.withLock({ _ in try? connection.checkpoint() }) else { return false }
      if log.pages - log.copied <= Checkpointer.pagesLeftMax { return true }
      if log.copied <= copied { return false }
      copied = log.copied
    }
    return false
  }
}
