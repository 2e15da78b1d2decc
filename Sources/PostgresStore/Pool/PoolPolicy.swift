/// What a loop's pool does next, decided from figures alone.
///
/// Any connection serves either use, as a write says `BEGIN READ WRITE` in a session that is read-only by default; but one
/// is always left to reads and one to writes, so that neither starves the other. Reads share connections (a whole tick's
/// reads go out together), so they open another only when they have waited; writes wait for the disk and gain from company
/// (the server commits them in groups), so they open one at once.
struct PoolPolicy: Sendable {
  /// Connections of this loop at most.
  let connectionsMax: Int
  /// Connections that are opened at the same time at most: a storm of them is what a struggling server needs least.
  static let connectingMax = 2

  /// Connections that writes may hold together.
  var writersMax: Int { max(1, connectionsMax - 1) }
  /// Connections that reads may hold together.
  var readersMax: Int { max(1, connectionsMax - 1) }
  /// Connections that long reads may hold together: more of them at once would keep the loop, and the memory, from the others.
  var longReadersMax: Int { max(1, readersMax / 2) }
  /// Connections that are kept open where there is nothing to do.
  var connectionsMin: Int { min(2, connectionsMax) }

  struct Figures: Sendable {
    var open = 0
    var connecting = 0
    var waitingReads = 0
    var waitingWrites = 0
    /// The first waiting read has waited for longer than the growth delay.
    var readsAreLate = false
    var readers = 0
    var writers = 0
    /// No connection is open, and the last attempt failed: one at a time is enough to find the server again.
    var isDown = false
    /// Connecting failed a moment ago.
    var isBackingOff = false
  }

  /// How many connections to begin to open now.
  func toOpen(_ figures: Figures) -> Int {
    guard !figures.isBackingOff else { return 0 }
    if figures.isDown { return figures.connecting == 0 ? 1 : 0 }
    let room = min(connectionsMax - figures.open - figures.connecting, PoolPolicy.connectingMax - figures.connecting)
    guard room > 0 else { return 0 }
    let missing = connectionsMin - figures.open - figures.connecting
    var wanted = max(0, missing)
    if figures.waitingWrites > 0, figures.writers < writersMax {
      wanted = max(wanted, min(figures.waitingWrites, writersMax - figures.writers) - figures.connecting)
    }
    if figures.waitingReads > 0, figures.readsAreLate, figures.readers < readersMax {
      wanted = max(wanted, 1 - figures.connecting)
    }
    return max(0, min(wanted, room))
  }
}
