/// When the write-ahead log is copied into the file, and by whom: pure state, asked after every group of commits.
///
/// A thread of its own copies while the writer goes on, so that no commit waits for it. As the log grows meanwhile, the writer
/// copies the little that is left, and the next commit begins the log anew. Where the thread does not keep up, or a reader holds
/// an old snapshot for long, the writer copies as well.
struct CheckpointPlan {
  enum Action: Equatable {
    case none
    /// The thread shall copy.
    case request
    /// The writer shall copy what the thread has left, unless that copies again.
    case finish
    /// The writer shall copy now, and wait for the thread where that is at it.
    case run
  }

  /// Pages of the log after which the thread is asked, and again for each half of them.
  let pages: Int
  /// Pages after which the writer copies, and again for each eighth of `pages`.
  let pagesMax: Int
  private var requestAt: Int
  private var runAt: Int

  init(pages: Int) {
    // Four billion pages are the most that a log can have.
    self.pages = min(max(1, pages), 1 << 32)
    pagesMax = self.pages * 4
    requestAt = self.pages
    runAt = pagesMax
  }

  /// - Parameters:
  ///   - logPages: what the log holds now.
  ///   - isLittleLeft: whether the thread has copied all but a little.
  mutating func action(logPages: Int, isLittleLeft: Bool) -> Action {
    if logPages < pages {
      // Begun anew.
      requestAt = pages
      runAt = pagesMax
    }
    if logPages >= runAt {
      runAt = logPages + pages / 8 + 1
      return .run
    }
    if isLittleLeft { return .finish }
    guard logPages >= requestAt else { return .none }
    requestAt = logPages + pages / 2 + 1
    return .request
  }
}
