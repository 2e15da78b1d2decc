import Base
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
    let child = child(name, help, .counter, labels) { .counter(Counter()) }
    return if case .counter(let counter) = child { counter } else { Counter() }
  }

  package func gauge(_ name: String, help: String, labels: [(name: String, value: String)] = []) -> Gauge {
    let child = child(name, help, .gauge, labels) { .gauge(Gauge()) }
    return if case .gauge(let gauge) = child { gauge } else { Gauge() }
  }

  /// Declares a histogram of durations in seconds.
  package func durations(_ name: String, help: String, labels: [(name: String, value: String)] = []) -> Histogram {
    let child = child(name, help, .histogram, labels) { .histogram(.durations()) }
    return if case .histogram(let histogram) = child { histogram } else { .durations() }
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
    let children = children.map { MetricFamily.Child(labels: $0.labels, figure: .counter($0.counter)) }
    families.withLock { families in
      if let index = families.firstIndex(where: { $0.name == name }) {
        guard case .declared(let list) = families[index].children else { return }
        let room = max(0, MetricRegistry.childrenMax * 50 - list.count)
        families[index].children = .declared(list + children.prefix(room))
      } else {
        families.append(
          MetricFamily(
            name: name, help: help, kind: .counter, labelNames: labelNames, hidesZeros: true, children: .declared(children)))
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

  /// The child of those labels, made where it is not there yet; past the bound the last one.
  private func child(
    _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ labels: [(name: String, value: String)],
    _ make: () -> MetricFamily.Figure
  ) -> MetricFamily.Figure {
    let name = MetricRegistry.sane(name)
    let (labelNames, values) = (labels.map { MetricRegistry.sane($0.name) }, labels.map(\.value))
    return families.withLock { families in
      let known = families.firstIndex { $0.name == name }
      if let known, families[known].labelNames != labelNames || families[known].kind != kind {
        preconditionFailure("a metric is declared as two kinds or with two sets of labels")
      }
      if known == nil {
        families.append(MetricFamily(name: name, help: help, kind: kind, labelNames: labelNames, children: .declared([])))
      }
      let place = known ?? families.count - 1
      guard case .declared(var list) = families[place].children else { return make() }
      if let child = list.first(where: { $0.labels == values }) { return child.figure }
      if list.count >= MetricRegistry.childrenMax, let last = list.last { return last.figure }
      let figure = make()
      list.append(MetricFamily.Child(labels: values, figure: figure))
      families[place].children = .declared(list)
      return figure
    }
  }

  /// A name in the format's alphabet: `[a-zA-Z_][a-zA-Z0-9_]*`.
  private static func sane(_ name: String) -> String {
    var bytes = name.utf8.map { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") ? $0 : UInt8(ascii: "_") }
    if bytes.first?.isDigit ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
