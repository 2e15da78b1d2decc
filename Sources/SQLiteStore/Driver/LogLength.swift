/// How many pages the write-ahead log holds, as SQLite says after each commit.
///
/// Safety: `@unchecked Sendable` because only the writer's own thread touches it.
final class LogLength: @unchecked Sendable {
  var pages = 0
}
