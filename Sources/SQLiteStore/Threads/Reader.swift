import Base
import CSQLite
import Store
import Synchronization

/// What a reader thread does.
enum ReadWork: Sendable {
  case query(Query)
  case sequence(any ReadSequence)
  case inspect(String, [Value])

  /// Whether others would wait for it long.
  var isSlow: Bool {
    switch self {
    case .query(let query): query.isExpectedToTakeLong
    case .sequence(let sequence): sequence.first().isExpectedToTakeLong
    case .inspect: false
    }
  }
}

/// What comes of it.
enum ReadOutput: Sendable {
  case rows(Rows)
  case text([[String?]])
  /// A sequence has been given all of it.
  case none
}

typealias ReadJob = Job<ReadWork, ReadOutput>

/// How many reads are on a thread now.
final class RunningReads: Sendable {
  let count = Atomic<Int>(0)
}

/// One reader thread: takes what waits, reads it from one snapshot, answers.
struct Reader {
  /// Reads that share one snapshot: a long one would keep the write-ahead log from being copied into the file.
  static let snapshotReadsMax = 16

  let connection: Connection
  let queue: JobQueue<ReadJob>
  /// Takes what has turned out to be slow while it waited; nil where this is the thread for it.
  let slowQueue: JobQueue<ReadJob>?
  let running: RunningReads
  private let clock = SystemClock()

  init(connection: Connection, queue: JobQueue<ReadJob>, slowQueue: JobQueue<ReadJob>? = nil, running: RunningReads) {
    self.connection = connection
    self.queue = queue
    self.slowQueue = slowQueue
    self.running = running
    // A read that takes long does not keep the others waiting where a thread sleeps.
    connection.watch.onSlow = queue.relieve
  }

  /// Until the queue is closed and empty.
  func run() {
    // An event loop that does not come to its turn keeps everyone waiting, whoever is refused included.
    SystemThread.giveWay()
    while let (job, mark) = queue.take() { serve(job, upTo: mark) }
  }

  /// Reads one job, and from the same snapshot others that wait.
  private func serve(_ first: ReadJob, upTo mark: JobQueue<ReadJob>.Mark) {
    // Every job before the mark was handed over before the snapshot begins, so that each sees all writes that had been
    // answered by then.
    let isShared = mark.hasMore && (try? connection.execute(Reader.begin)) != nil
    var reads = 0
    var next: ReadJob? = first
    var now = clock.monotonicNanoseconds
    while let job = next {
      if !isHandedOn(job), job.begin() {
        serve(job, now)
        let end = clock.monotonicNanoseconds
        if case .query(let query) = job.work { query.statement.note(nanoseconds: end &- now) }
        if end &- now > Watch.slowNanoseconds { queue.relieve() }
        now = end
      }
      reads += 1
      next = isShared && reads < Reader.snapshotReadsMax ? queue.take(before: mark) : nil
    }
    if isShared || !connection.isIdle { try? connection.execute(Reader.commit) }
  }

  private func isHandedOn(_ job: ReadJob) -> Bool {
    guard let slowQueue, job.work.isSlow else { return false }
    return slowQueue.push(job) == .accepted
  }

  private func serve(_ job: ReadJob, _ now: UInt64) {
    guard job.deadline >= now else {
      job.finish(.failure(StoreError(.timeout, "the read waited longer than its time limit")))
      return
    }
    running.count.wrappingAdd(1, ordering: .relaxed)
    connection.watch.begin(deadline: job.deadline, job, now: now)
    let outcome = outcome(of: job.work)
    connection.watch.end()
    running.count.wrappingSubtract(1, ordering: .relaxed)
    job.finish(job.isInterrupted ? .failure(StoreError(.cancelled, "cancelled while it ran")) : outcome)
  }

  static let begin = Statement(text: "BEGIN", parameters: [])
  static let commit = Statement(text: "COMMIT", parameters: [])

  /// All of it from one snapshot, which `serve` ends.
  private func read(_ sequence: any ReadSequence) throws(StoreError) {
    do throws(DriverError) {
      if connection.isIdle { try connection.execute(Reader.begin) }
    } catch {
      throw error.storeError
    }
    var query: Query? = sequence.first()
    while let current = query {
      let start = clock.monotonicNanoseconds
      let rows = try connection.read(current)
      current.statement.note(nanoseconds: clock.monotonicNanoseconds &- start)
      query = sequence.next(after: rows)
      // SQLite asks this of a statement only after some thousand instructions.
      if connection.watch.mustStop { throw StoreError(.timeout, "the reads took longer than their time limit") }
    }
  }

  private func outcome(of work: ReadWork) -> ReadJob.Outcome {
    do throws(StoreError) {
      switch work {
      case .query(let query): return .success(.rows(try connection.read(query)))
      case .sequence(let sequence):
        try read(sequence)
        return .success(.none)
      case .inspect(let text, let values):
        do throws(DriverError) {
          return .success(.text(try connection.rows(text, values)))
        } catch {
          throw error.storeError
        }
      }
    } catch {
      return .failure(error)
    }
  }
}
