/// How many pages the write-ahead log holds, as SQLite says after each commit.
///
/// Safety: `@unchecked Sendable` because only the writer's own thread touches it once that runs.
final class LogLength: @unchecked Sendable {
  private(set) var pages = 0
  /// Takes what is committed.
  var capture: CommitCapture?

  /// Right behind a commit, which is durable.
  func committed(pages: Int) {
    self.pages = pages
    capture?.committed(logPages: pages)
  }
}
