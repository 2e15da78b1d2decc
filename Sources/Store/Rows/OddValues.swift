import Synchronization

/// Stored values that their field's type cannot hold: somebody else wrote them, and a database without strict types took them.
///
/// They are shown as they are (a text as a string, a number as a number, bytes in base64) rather than as something else, and
/// rather than not at all: one odd row is no reason to refuse a whole list, and null would be a lie that a client may write
/// back. Each is counted.
package enum OddValues {
  private static let met = Atomic<Int>(0)

  package static func count() { met.wrappingAdd(1, ordering: .relaxed) }

  /// Met by this process since its start.
  package static var gauge: StoreGauge {
    StoreGauge(
      name: "odd_values_total", help: "Stored values that their field's type cannot hold, shown as they are.",
      value: Double(met.load(ordering: .relaxed)))
  }
}
