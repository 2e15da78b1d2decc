import Telemetry
import Testing

@Suite struct MetricsTests {
  private func text(_ registry: MetricRegistry) -> String { String(decoding: registry.render(), as: UTF8.self) }

  @Test func aCounterCountsAndIsFoundAgain() {
    let registry = MetricRegistry()
    registry.counter("things_total", help: "Things.").add(2)
    registry.counter("things_total", help: "Things.").add()
    #expect(text(registry) == "# HELP things_total Things.\n# TYPE things_total counter\nthings_total 3\n")
  }

  @Test func aCounterNeverFalls() {
    let counter = Counter()
    counter.add(-3)
    #expect(counter.value == 0)
  }

  @Test func labelsAndHelpAreEscaped() {
    let registry = MetricRegistry()
    registry.gauge("g", help: "a\\b\n\"c\"", labels: [("path", "a\\b\n\"c\"")]).set(-4)
    #expect(text(registry) == "# HELP g a\\\\b\\n\"c\"\n# TYPE g gauge\ng{path=\"a\\\\b\\n\\\"c\\\"\"} -4\n")
  }

  @Test func aHistogramIsCumulative() {
    let registry = MetricRegistry()
    let histogram = registry.durations("d_seconds", help: "D.")
    histogram.observe(nanoseconds: 250_000)  // the bound itself
    histogram.observe(nanoseconds: 3_000_000)
    histogram.observe(nanoseconds: 60_000_000_000)
    let lines = text(registry).split(separator: "\n").map(String.init)
    #expect(lines[1] == "# TYPE d_seconds histogram")
    #expect(lines.contains(#"d_seconds_bucket{le="0.00025"} 1"#))
    #expect(lines.contains(#"d_seconds_bucket{le="0.0025"} 1"#))
    #expect(lines.contains(#"d_seconds_bucket{le="0.005"} 2"#))
    #expect(lines.contains(#"d_seconds_bucket{le="30"} 2"#))
    #expect(lines.contains(#"d_seconds_bucket{le="+Inf"} 3"#))
    #expect(lines.contains("d_seconds_sum 60.00325"))
    #expect(lines.contains("d_seconds_count 3"))
    #expect(histogram.count == 3)
  }

  @Test func aRouteShowsOnlyStatusesItAnswered() {
    let metrics = ServiceMetrics()
    let route = metrics.route(method: "GET", route: "/v1/orders/{id}")
    route.observe(status: 200, nanoseconds: 1_000_000)
    route.observe(status: 404, nanoseconds: 1_000_000)
    route.observe(status: 299, nanoseconds: 1_000_000)
    route.observe(status: 9999, nanoseconds: 1_000_000)
    let lines = text(metrics.registry).split(separator: "\n").filter { $0.hasPrefix("martlet_http_requests_total") }
    #expect(
      lines == [
        #"martlet_http_requests_total{method="GET",route="/v1/orders/{id}",status="200"} 1"#,
        #"martlet_http_requests_total{method="GET",route="/v1/orders/{id}",status="404"} 1"#,
        #"martlet_http_requests_total{method="GET",route="/v1/orders/{id}",status="other"} 2"#,
      ])
    #expect(route.count(status: 404) == 1)
    #expect(route.durations.count == 4)
  }

  @Test func figuresAreAskedForAtEachScrape() {
    let registry = MetricRegistry()
    let source = Counter()
    registry.collect("queue", help: "Q.", labels: ["store"]) { [MetricSample(labels: ["a"], value: Double(source.value) + 0.5)] }
    source.add(7)
    #expect(text(registry).hasSuffix("# TYPE queue gauge\nqueue{store=\"a\"} 7.5\n"))
  }

  @Test func labelSetsAreBounded() {
    let registry = MetricRegistry()
    for number in 0..<MetricRegistry.childrenMax + 50 {
      registry.counter("c_total", help: "C.", labels: [("n", String(number))]).add()
    }
    let samples = text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(samples.count == MetricRegistry.childrenMax)
    #expect(samples.last == #"c_total{n="1999"} 51"#)
  }

  @Test func everythingRenderedIsValid() throws {
    let metrics = ServiceMetrics()
    let connections = metrics.registry.gauge("connections", help: "Open.")
    connections.add(3)
    connections.add(-1)
    metrics.overloads.add()
    metrics.registry.durations("lag_seconds", help: "Late.", labels: [("loop", "0")]).observe(nanoseconds: 5)
    metrics.route(method: "POST", route: "/v1/\"odd\\\n").observe(status: 201, nanoseconds: 9)
    metrics.registry.collect("special", help: "", labels: ["v"]) {
      [(0, Double.nan), (1, .infinity), (2, -.infinity), (3, 1e300)].map { MetricSample(labels: [String($0.0)], value: $0.1) }
    }
    metrics.registry.counter("9 bad-näme", help: "Made sane.").add()
    try Exposition.check(metrics.registry.render())
    #expect(text(metrics.registry).contains("connections 2\n"))
  }

  @Test(arguments: [
    "a 1", "# TYPE a counter\na{x=\"1} 1\n", "# TYPE a counter\nb 1\n", "# TYPE a nonsense\n", "# TYPE a gauge\na one\n",
    "# TYPE a gauge\na 1\na 1\n",
  ]) func theCheckerRefuses(wrong: String) {
    #expect(throws: Exposition.Invalid.self) { try Exposition.check(Array(wrong.utf8)) }
  }
}
