/// One figure with its labels, as it is at this moment.
package struct MetricSample: Sendable {
  /// Values in the order of the family's label names.
  package var labels: [String]
  package var value: Double
  package init(labels: [String] = [], value: Double) {
    self.labels = labels
    self.value = value
  }
}

/// A metric's name, meaning and children, one for each combination of label values.
struct MetricFamily: Sendable {
  enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  enum Figure: Sendable {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)
  }

  struct Child: Sendable {
    let labels: [String]
    let figure: Figure
  }

  enum Children: Sendable {
    case declared([Child])
    /// Asked at each scrape.
    case collected(@Sendable () -> [MetricSample])
  }

  let name: String
  let help: String
  let kind: Kind
  let labelNames: [String]
  /// Combinations that were never counted are left out (statuses that a route never answered).
  var hidesZeros = false
  var children: Children
}
