import Synchronization

/// A fixed number of counters side by side, each added to without a lock.
///
/// Relaxed order is enough: figures are read one by one for a scrape, and none guards other memory.
// Safety: the memory is allocated once, its cells are atomics that are shared only through their own operations, and it
// lives exactly as long as the object; every index is checked.
final class AtomicCells: @unchecked Sendable {
  private let cells: UnsafeMutableBufferPointer<Atomic<Int>>

  init(count: Int) {
    cells = .allocate(capacity: count)
    for index in 0..<count { (cells.baseAddress.unsafelyUnwrapped + index).initialize(to: Atomic(0)) }
  }

  deinit {
    cells.deinitialize()
    cells.deallocate()
  }

  var count: Int { cells.count }

  func add(_ amount: Int, at index: Int) {
    precondition(index >= 0 && index < cells.count)
    cells[index].wrappingAdd(amount, ordering: .relaxed)
  }

  func store(_ value: Int, at index: Int) {
    precondition(index >= 0 && index < cells.count)
    cells[index].store(value, ordering: .relaxed)
  }

  subscript(_ index: Int) -> Int {
    precondition(index >= 0 && index < cells.count)
    return cells[index].load(ordering: .relaxed)
  }
}
