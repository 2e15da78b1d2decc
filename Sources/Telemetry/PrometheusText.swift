import Base

/// The Prometheus text exposition format 0.0.4: HELP, TYPE and samples, each family in one block.
package struct PrometheusText {
  package static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var bytes: [UInt8] = []

  mutating func append(_ family: MetricFamily) {
    bytes.append("# HELP ")
    bytes.append(family.name)
    bytes.append(UInt8(ascii: " "))
    appendEscaped(family.help, quotes: false)
    bytes.append("\n# TYPE ")
    bytes.append(family.name)
    bytes.append(UInt8(ascii: " "))
    bytes.append(family.kind.rawValue)
    bytes.append(UInt8(ascii: "\n"))
    let names = family.labelNames
    switch family.children {
    case .declared(let list): for child in list { append(child, of: family) }
    case .collected(let read):
      for sample in read().prefix(MetricRegistry.childrenMax) {
        appendHead(family.name, "", names, sample.labels)
        bytes.append(PrometheusText.text(sample.value))
        bytes.append(UInt8(ascii: "\n"))
      }
    }
  }

  private mutating func append(_ child: MetricFamily.Child, of family: MetricFamily) {
    let (name, names, labels) = (family.name, family.labelNames, child.labels)
    switch child.figure {
    case .counter(let counter):
      let value = counter.value
      if value != 0 || !family.hidesZeros { append(name, "", names, labels, value: value) }
    case .gauge(let gauge): append(name, "", names, labels, value: gauge.value)
    // A route that nobody asked for yet has nothing to tell.
    case .histogram(let histogram): if labels.isEmpty || histogram.count > 0 { append(name, names, labels, histogram) }
    }
  }

  private mutating func append(_ name: String, _ names: [String], _ labels: [String], _ histogram: Histogram) {
    var total = 0
    for index in 0...histogram.bounds.count {
      total += histogram.cells[index]
      let bound = index < histogram.bounds.count ? Double(histogram.bounds[index]) / Double(histogram.scale) : .infinity
      append(name, "_bucket", names + ["le"], labels + [PrometheusText.text(bound)], value: total)
    }
    appendHead(name, "_sum", names, labels)
    bytes.append(PrometheusText.text(Double(histogram.sum) / Double(histogram.scale)))
    bytes.append(UInt8(ascii: "\n"))
    // The same total as the last bucket, read once: a scrape never shows two different counts.
    append(name, "_count", names, labels, value: total)
  }

  private mutating func append(_ name: String, _ suffix: StaticString, _ names: [String], _ labels: [String], value: Int) {
    appendHead(name, suffix, names, labels)
    bytes.append(decimal: Int64(value))
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func appendHead(_ name: String, _ suffix: StaticString, _ names: [String], _ labels: [String]) {
    bytes.append(name)
    bytes.append(suffix)
    if !names.isEmpty {
      bytes.append(UInt8(ascii: "{"))
      for (index, label) in names.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(label)
        bytes.append("=\"")
        appendEscaped(index < labels.count ? labels[index] : "", quotes: true)
        bytes.append(UInt8(ascii: "\""))
      }
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(UInt8(ascii: " "))
  }

  private mutating func appendEscaped(_ text: String, quotes: Bool) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): bytes.append("\\\\")
      case UInt8(ascii: "\n"): bytes.append("\\n")
      case UInt8(ascii: "\"") where quotes: bytes.append("\\\"")
      default: bytes.append(byte)
      }
    }
  }

  /// A float as Go's ParseFloat reads it.
  static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
    return value.description
  }
}
