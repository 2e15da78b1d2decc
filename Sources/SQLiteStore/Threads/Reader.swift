import Base
import CSQLite
import Store
import Synchronization

/// What a reader thread does.
enum ReadWork: Sendable {
  case query(Query)
  case inspect(String, [Value])
}

/// What comes of it.
enum ReadOutput: Sendable {
  case rows(Rows)
  case text([[String?]])
}

typealias ReadJob = Job<ReadWork, ReadOutput>

/// How many reads are on a thread now.
final class RunningReads: Sendable {
  let count = Atomic<Int>(0)
}

/// One reader thread: takes what waits, reads it from one snapshot, answers.
struct Reader {
  /// Jobs taken at one wake.
  static let batchMax = 16

  let connection: Connection
  let queue: JobQueue<ReadJob>
  let readers: Int
  let running: RunningReads

  /// Until the queue is closed and empty.
  func run() {
    let clock = SystemClock()
    var jobs: [ReadJob] = []
    jobs.reserveCapacity(Reader.batchMax)
    while queue.take(Reader.batchMax, sharedBy: readers, into: &jobs) {
      // Every job was handed over before the snapshot begins, so that each sees all writes that had been answered by then.
      let isShared = jobs.count > 1 && (try? connection.execute(Reader.begin)) != nil
      for job in jobs where job.begin() {
        if job.deadline < clock.monotonicNanoseconds {
          job.finish(.failure(StoreError(.timeout, "the read waited longer than its time limit")))
          continue
        }
        running.count.wrappingAdd(1, ordering: .relaxed)
        connection.watch.begin(deadline: job.deadline, job)
        let outcome = outcome(of: job.work)
        connection.watch.end()
        running.count.wrappingSubtract(1, ordering: .relaxed)
        if job.isInterrupted {
          job.finish(.failure(StoreError(.cancelled, "cancelled while it ran")))
        } else {
          job.finish(outcome)
        }
      }
      if isShared || !connection.isIdle { try? connection.execute(Reader.commit) }
      jobs.removeAll(keepingCapacity: true)
    }
  }

  static let begin = Statement(text: "BEGIN", parameters: [])
  static let commit = Statement(text: "COMMIT", parameters: [])

  private func outcome(of work: ReadWork) -> ReadJob.Outcome {
    do throws(StoreError) {
      switch work {
      case .query(let query): return .success(.rows(try connection.read(query)))
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

extension Connection {
  /// Runs a prepared statement without parameters.
  func execute(_ statement: Statement) throws(DriverError) {
    let compiled = try prepared(statement)
    defer { compiled.reset() }
    while try compiled.step() == .row {}
  }

  /// Runs a query to its end.
  func read(_ query: Query) throws(StoreError) -> Rows {
    let statement: PreparedStatement
    do throws(DriverError) {
      statement = try prepared(query.statement)
    } catch {
      throw error.storeError
    }
    defer { statement.reset() }
    var reader = RowReader(query)
    do throws(DriverError) {
      try statement.bind(query.values, as: query.statement.parameters)
    } catch {
      throw error.storeError
    }
    while true {
      let step: PreparedStatement.Step
      do throws(DriverError) {
        step = try statement.step()
      } catch {
        throw error.storeError
      }
      if step == .done { return reader.rows }
      try reader.take(statement)
    }
  }
}
