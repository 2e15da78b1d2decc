/// Counts up; never down.
package struct Counter: Sendable {
  let cells: AtomicCells
  let index: Int

  package init() { self.init(AtomicCells(count: 1), 0) }
  init(_ cells: AtomicCells, _ index: Int) {
    self.cells = cells
    self.index = index
  }

  /// - Parameter amount: not negative.
  package func add(_ amount: Int = 1) { cells.add(max(0, amount), at: index) }
  package var value: Int { cells[index] }
}

/// A whole number that goes up and down.
package struct Gauge: Sendable {
  let cells = AtomicCells(count: 1)
  package init() {}
  package func add(_ amount: Int) { cells.add(amount, at: 0) }
  package func set(_ value: Int) { cells.store(value, at: 0) }
  package var value: Int { cells[0] }
}

/// How many observations fell under each of a few fixed bounds.
///
/// Observations are whole numbers of a small unit (nanoseconds, bytes); `scale` of them make one of the unit that is
/// shown (Prometheus wants seconds and bytes). So sums are exact and adding needs no lock.
package struct Histogram: Sendable {
  /// Upper bounds, inclusive, ascending.
  package let bounds: [Int]
  package let scale: Int
  /// A cell for each bound, one for what lies above them all, and the sum.
  let cells: AtomicCells

  package init(bounds: [Int], scale: Int) {
    self.bounds = bounds
    self.scale = scale
    cells = AtomicCells(count: bounds.count + 2)
  }

  /// For durations in nanoseconds, shown in seconds: 250 µs to 30 s.
  package static func durations() -> Histogram {
    Histogram(
      bounds: [250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000, 30_000_000]
        .map { $0 * 1000 }, scale: 1_000_000_000)
  }

  package func observe(_ value: Int) {
    var index = 0
    while index < bounds.count, value > bounds[index] { index += 1 }
    cells.add(1, at: index)
    cells.add(value, at: bounds.count + 1)
  }

  package func observe(nanoseconds: UInt64) { observe(Int(clamping: nanoseconds)) }

  package var count: Int { (0...bounds.count).reduce(0) { $0 + cells[$1] } }
  package var sum: Int { cells[bounds.count + 1] }
}
