#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The seeds of a simulation: 1 to 10,000, or what `MARTLET_SIMULATION_SEEDS` says (`10000-10099`; `77` for one).
package enum SimulationSeeds {
  package static let all: ClosedRange<UInt64> = {
    let text = getenv("MARTLET_SIMULATION_SEEDS").map { String(cString: $0) } ?? ""
    let ends = text.split(separator: "-").compactMap { UInt64($0) }
    if let first = ends.first, let last = ends.last, first <= last { return first...last }
    return 1...10_000
  }()
}
