import Base

/// The text of an answer while it is made: it asks the process's budget before it grows far, and is no longer than an answer
/// may be.
struct AnswerText {
  var bytes: [UInt8] = []
  private let memory: MemoryBudget
  private var lease: MemoryLease?
  /// Up to here nothing has to be asked.
  private var covered = MemoryBudget.smallMax

  init(_ memory: MemoryBudget) { self.memory = memory }

  /// Makes room for so many bytes.
  ///
  /// - Throws: `overloaded` where the budget has none.
  mutating func reserve(_ count: Int) throws(Failure) {
    if count > covered { try cover(count) }
    bytes.reserveCapacity(count)
  }

  /// Called as the text grows, once a record.
  ///
  /// - Throws: `too_costly` past the bound of an answer, `overloaded` where the budget has no room.
  mutating func settle() throws(Failure) {
    guard bytes.count > covered else { return }
    guard bytes.count <= Fetcher.bytesMax else { throw Fetcher.tooLong }
    try cover(bytes.capacity)
  }

  /// What was written, and what covers it.
  consuming func taken() -> (bytes: [UInt8], lease: MemoryLease?) { (bytes, lease) }

  private mutating func cover(_ count: Int) throws(Failure) {
    guard memory.cover(count, by: &lease) else { throw .memory }
    // Past the bound it is looked at again, whatever there is room for.
    covered = min(count, Fetcher.bytesMax)
  }
}
