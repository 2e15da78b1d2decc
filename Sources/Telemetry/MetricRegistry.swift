import Synchronization

/// Every metric of the process, by name, rendered in the Prometheus text format.
///
/// Label sets are made when the service starts (routes, loops, statuses), never from a request's contents; a family takes
/// at most `childrenMax` of them, and what would be more goes to the last child, so that a mistake costs precision and not
/// memory.
package final class MetricRegistry: Sendable {
  package static let childrenMax = 2000

  private let families = Mutex<[MetricFamily]>([])

  package init() {}

  /// Declares a counter, or finds the one of the same name and labels. Names end in `_total`.
  package func counter(_ name: String, help: String, labels: [(name: String, value: String)] = []) -> Counter {
    let values = labels.map(\.value)
    return child(name, help, .counter, labels, empty: .counters([])) { children in
      guard case .counters(var list) = children else { return nil }
      if let known = list.first(where: { $0.labels == values }) { return known.counter }
      if list.count >= MetricRegistry.childrenMax, let last = list.last { return last.counter }
      let counter = Counter()
      list.append((values, counter))
      children = .counters(list)
      return counter
    } ?? Counter()
  }

  package func gauge(_ name: String, help: String, labels: [(name: String, value: String)] = []) -> Gauge {
    let values = labels.map(\.value)
    return child(name, help, .gauge, labels, empty: .gauges([])) { children in
      guard case .gauges(var list) = children else { return nil }
      if let known = list.first(where: { $0.labels == values }) { return known.gauge }
      if list.count >= MetricRegistry.childrenMax, let last = list.last { return last.gauge }
      let gauge = Gauge()
      list.append((values, gauge))
      children = .gauges(list)
      return gauge
    } ?? Gauge()
  }

  /// Declares a histogram of durations in seconds.
  package func durations(_ name: String, help: String, labels: [(name: String, value: String)] = []) -> Histogram {
    let values = labels.map(\.value)
    return child(name, help, .histogram, labels, empty: .histograms([])) { children in
      guard case .histograms(var list) = children else { return nil }
      if let known = list.first(where: { $0.labels == values }) { return known.histogram }
      if list.count >= MetricRegistry.childrenMax, let last = list.last { return last.histogram }
      let histogram = Histogram.durations()
      list.append((values, histogram))
      children = .histograms(list)
      return histogram
    } ?? Histogram.durations()
  }

  /// A gauge (or with `counts`, a counter) whose figures are asked for at each scrape. `read` must not block.
  package func collect(
    _ name: String, help: String, labels: [String] = [], counts: Bool = false, read: @escaping @Sendable () -> [MetricSample]
  ) {
    let family = MetricFamily(
      name: MetricRegistry.sane(name), help: help, kind: counts ? .counter : .gauge, labelNames: labels.map(MetricRegistry.sane),
      children: .collected(read))
    families.withLock { families in
      if let index = families.firstIndex(where: { $0.name == family.name }) {
        families[index] = family
      } else {
        families.append(family)
      }
    }
  }

  /// Counters that share cells, one for each status of a route; those that are zero are not shown.
  func counters(_ name: String, help: String, labelNames: [String], _ children: [(labels: [String], counter: Counter)]) {
    families.withLock { families in
      if let index = families.firstIndex(where: { $0.name == name }) {
        guard case .counters(let list) = families[index].children else { return }
        let room = max(0, MetricRegistry.childrenMax * 50 - list.count)
        families[index].children = .counters(list + children.prefix(room))
      } else {
        families.append(
          MetricFamily(
            name: name, help: help, kind: .counter, labelNames: labelNames, hidesZeros: true, children: .counters(children)))
      }
    }
  }

  /// Everything in the Prometheus text format 0.0.4, to be sent as `PrometheusText.contentType`.
  package func render() -> [UInt8] {
    let families = families.withLock { $0 }
    var text = PrometheusText()
    for family in families { text.append(family) }
    return text.bytes
  }

  private func child<T>(
    _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ labels: [(name: String, value: String)],
    empty: MetricFamily.Children, _ find: (inout MetricFamily.Children) -> T?
  ) -> T? {
    let name = MetricRegistry.sane(name)
    let labelNames = labels.map { MetricRegistry.sane($0.name) }
    return families.withLock { families in
      let known = families.firstIndex { $0.name == name }
      if let known, families[known].labelNames != labelNames {
        preconditionFailure("a metric is declared with two sets of labels")
      }
      if known == nil {
        families.append(MetricFamily(name: name, help: help, kind: kind, labelNames: labelNames, children: empty))
      }
      return find(&families[known ?? families.count - 1].children)
    }
  }

  /// A name in the format's alphabet: `[a-zA-Z_][a-zA-Z0-9_]*`.
  private static func sane(_ name: String) -> String {
    var bytes = name.utf8.map { $0 < 0x80 && ($0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_")) ? $0 : UInt8(ascii: "_") }
    if bytes.first.map({ $0 >= 0x30 && $0 <= 0x39 }) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension UInt8 {
  fileprivate var isASCIILetterOrDigit: Bool {
    (self >= 0x30 && self <= 0x39) || (self >= 0x41 && self <= 0x5a) || (self >= 0x61 && self <= 0x7a)
  }
}
