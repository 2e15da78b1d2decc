import Backup
import Base
import Synchronization

/// Takes what each commit wrote, right behind the commit, from the write-ahead log, and keeps it until it is shipped.
///
/// So the log may be copied and begun anew whenever its own plan says: nothing of it waits for a folder that is slow. What is kept
/// has a bound; where that is reached, taking ends, and a new timeline with a whole copy must be begun. No commit ever fails or
/// waits because of it.
final class CommitCapture: Sendable {
  private struct State {
    /// The timeline's last commit; nil while nothing is taken.
    var number: UInt64?
    var time = Timestamp(microseconds: 0)
    var commits: [LoggedCommit] = []
    var bytes = 0
    /// Monotonic nanoseconds of the oldest commit that is not shipped.
    var since: UInt64?
    /// Why taking ended.
    var failure: String?
    // What follows only the writer's thread looks at.
    var log: DataFile?
    /// Frames of the log that were taken, and its salts.
    var position = 0
    var salts: UInt64 = 0
    /// Another once others have changed the file; nil before it was asked for.
    var version: Int64?
  }

  private let state = Mutex(State())
  private let path: String
  private let bytesMax: Int
  private let clock: any Clock

  /// - Parameter path: the database's.
  init(path: String, bytesMax: Int, clock: any Clock = SystemClock()) {
    self.path = path + "-wal"
    self.bytesMax = bytesMax
    self.clock = clock
  }

  /// A transaction that writes has begun, or a moment between two: what others wrote into the file is in no commit of ours, and the log
  /// that had it may be gone. So it ends the timeline.
  ///
  /// - Parameter version: `PRAGMA data_version`; nil where SQLite does not say it.
  func saw(version: Int64?) {
    state.withLock { state in
      if state.number != nil, version == nil || version != state.version {
        state.failure = "another process wrote into the database"
        state.number = nil
      }
      state.version = version
    }
  }

  /// Whether nobody else has written into the file since it was asked last; nil where it never was.
  func isUntouched(version: Int64?) -> Bool? { state.withLock { state in state.version.map { $0 == version } } }

  /// Begins a timeline with what is committed from now on. Between two commits, on the writer's thread, after `saw`.
  ///
  /// - Parameter logPages: frames in the log.
  func begin(logPages: Int) {
    state.withLock { state in
      state.number = 0
      state.time = clock.now
      state.commits = []
      state.bytes = 0
      state.since = nil
      state.failure = nil
      state.position = logPages
      state.salts = (try? openLog(&state).read(CommitCapture.headerBytes, at: 0)).flatMap(LogHeader.init)?.salts ?? 0
    }
  }

  /// The last commit, and a moment at which the database stood so; nil while nothing is taken. Between two commits.
  var present: (number: UInt64, time: Timestamp)? {
    state.withLock { state in
      guard let number = state.number else { return nil }
      state.time = max(state.time, clock.now)
      return (number, state.time)
    }
  }

  /// A commit was made, and the log has so many frames since. On the writer's thread, from within SQLite.
  func committed(logPages: Int) {
    state.withLock { state in
      guard let number = state.number else { return }
      do throws(BackupError) {
        state.time = max(state.time, clock.now)
        let commit = try read(number + 1, logPages, &state)
        state.number = commit.number
        state.bytes += commit.pages.count
        if state.since == nil { state.since = clock.monotonicNanoseconds }
        state.commits.append(commit)
      } catch {
        state.failure = error.message
        state.number = nil
      }
    }
  }

  private static let headerBytes = 32
  private static let frameHeaderBytes = LoggedCommit.pageHeaderBytes

  private func openLog(_ state: inout State) throws(BackupError) -> DataFile {
    if let log = state.log { return log }
    let log = try inBackup { () throws(SystemError) in try DataFile(path, .reading) }
    state.log = log
    return log
  }

  private func read(_ number: UInt64, _ logPages: Int, _ state: inout State) throws(BackupError) -> LoggedCommit {
    let log = try openLog(&state)
    guard let header = LogHeader(try inBackup { () throws(SystemError) in try log.read(CommitCapture.headerBytes, at: 0) }) else {
      throw BackupError(.damaged, "\(path) has no head")
    }
    if header.salts != state.salts {
      // Begun anew.
      state.salts = header.salts
      state.position = 0
    }
    let stride = CommitCapture.frameHeaderBytes + header.pageSize
    let (first, count) = (state.position, logPages - state.position)
    guard count > 0 else { throw BackupError(.damaged, "\(path) has \(logPages) frames, where \(first) were read before") }
    guard state.bytes + count * stride <= bytesMax else {
      throw BackupError(.storage, "more than \(bytesMax >> 20) MiB wait to be shipped")
    }
    let place = Int64(CommitCapture.headerBytes) + Int64(first) * Int64(stride)
    let bytes = try inBackup { () throws(SystemError) in try log.read(count * stride, at: place) }
    guard bytes.count == count * stride, let pages = databasePages(bytes, header, stride) else {
      throw BackupError(.damaged, "\(path) has other frames than SQLite says")
    }
    state.position = logPages
    return LoggedCommit(
      number: number, time: state.time, salts: header.salts, position: UInt32(clamping: first + 1), databasePages: pages, pages: bytes)
  }

  /// Pages of the database, as the last frame of a commit says; nil where the frames are none of this log.
  private func databasePages(_ bytes: [UInt8], _ header: LogHeader, _ stride: Int) -> UInt32? {
    for place in [0, bytes.count - stride] where LogHeader.number64(bytes[(place + 8)..<(place + 16)]) != header.salts { return nil }
    let place = bytes.count - stride + 4
    let pages = UInt32(truncatingIfNeeded: LogHeader.number64(bytes[place..<(place + 4)]))
    return pages == 0 ? nil : pages
  }

  /// What waits. Its bytes count until `shipped` is told.
  func take() -> [LoggedCommit] {
    state.withLock { state in
      defer { state.commits = [] }
      return state.commits
    }
  }

  /// What was taken is in its place.
  func shipped(_ commits: [LoggedCommit]) {
    state.withLock { state in
      state.bytes -= commits.reduce(0) { $0 + $1.pages.count }
      state.since = state.commits.isEmpty ? nil : clock.monotonicNanoseconds
    }
  }

  /// Why nothing is taken any more; nil where it is, or was never begun.
  var failure: String? { state.withLock { $0.failure } }

  /// Bytes that are not shipped, and for how long the oldest of them has waited, in nanoseconds.
  var waiting: (bytes: Int, nanoseconds: UInt64) {
    state.withLock { ($0.bytes, $0.since.map { clock.monotonicNanoseconds &- $0 } ?? 0) }
  }
}

/// The head of a write-ahead log (SQLite's file format, section 4.1).
private struct LogHeader {
  let pageSize: Int
  let salts: UInt64

  init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    pageSize = Int(LogHeader.number64(bytes[8..<12]))
    salts = LogHeader.number64(bytes[16..<24])
    guard PageSize.isValid(pageSize) else { return nil }
  }

  /// Up to eight octets as a number, most significant first.
  static func number64(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
