/// How a SQLite store is opened. Every queue and cache has its bound here.
package struct SQLiteOptions: Sendable {
  /// Threads that read, each with a connection of its own. 1 to 64.
  package var readers = 2
  /// Reads that may wait; one more is refused with `.overloaded`.
  package var readQueueMax = 4096
  /// Batches that may wait; one more is refused with `.overloaded`.
  package var writeQueueMax = 1024
  /// Batches that share one durable commit.
  package var groupMax = 128
  /// From hand-over to outcome, for reads and writes.
  package var timeout: Duration = .seconds(30)
  /// How long one statement waits for another process's lock, in milliseconds.
  package var busyTimeoutMilliseconds: Int32 = 5000
  /// Pages each connection caches, in KiB.
  package var cacheKibibytes = 4096
  /// Bytes of the file that are mapped; 0 for none (an I/O error under a mapping is a signal, not a code).
  package var mappedBytes = 0
  /// Pages of the write-ahead log after which a commit copies them into the file.
  package var checkpointPages = 2000
  /// Opens an existing file without changing anything about it, for inspection: no lock, no log, no writes.
  package var isReadOnly = false

  package init() {}
}

extension Duration {
  /// Whole nanoseconds; negative ones are 0, and what does not fit is about 146 years.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0 else { return 0 }
    return UInt64(min(seconds, 4_611_686_018)) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
  }
}
