import CoreMetrics
import Testing

@testable import Telemetry

@Suite struct PrometheusRegistryTests {
    @Test func countersGaugesAndHistogramsAreWrittenByTheFormat() {
        let registry = PrometheusRegistry(help: ["http_requests_total": "Requests\nby \\ method."])
        let counter = registry.makeCounter(label: "http.requests", dimensions: [("method", "GET"), ("a", "x\"y\\z\n")])
        counter.increment(by: 2)
        counter.increment(by: 3)
        registry.makeMeter(label: "uploads.active", dimensions: []).set(Int64(7))
        registry.makeFloatingPointCounter(label: "cpu_total", dimensions: []).increment(by: 0.5)
        #expect(
            registry.exposition() == """
                # TYPE cpu_total counter
                cpu_total 0.5
                # HELP http_requests_total Requests\\nby \\\\ method.
                # TYPE http_requests_total counter
                http_requests_total{a="x\\"y\\\\z\\n",method="GET"} 5
                # TYPE uploads_active gauge
                uploads_active 7

                """)
    }

    @Test func timersAreCumulativeHistogramsInSeconds() {
        let registry = PrometheusRegistry()
        let timer = registry.makeTimer(label: "storage.duration", dimensions: [("op", "get")])
        timer.recordNanoseconds(1_000_000)
        timer.recordNanoseconds(1_000_001)
        timer.recordNanoseconds(90_000_000_000)
        let lines = registry.exposition().split(separator: "\n").map(String.init)
        #expect(lines.first == "# TYPE storage_duration_seconds histogram")
        #expect(lines.contains("storage_duration_seconds_bucket{op=\"get\",le=\"0.0005\"} 0"))
        #expect(lines.contains("storage_duration_seconds_bucket{op=\"get\",le=\"0.001\"} 1"))
        #expect(lines.contains("storage_duration_seconds_bucket{op=\"get\",le=\"0.0025\"} 2"))
        #expect(lines.contains("storage_duration_seconds_bucket{op=\"get\",le=\"60\"} 2"))
        #expect(lines.contains("storage_duration_seconds_bucket{op=\"get\",le=\"+Inf\"} 3"))
        #expect(lines.contains("storage_duration_seconds_count{op=\"get\"} 3"))
        #expect(lines.contains { $0.hasPrefix("storage_duration_seconds_sum{op=\"get\"} 90.002") })
    }

    @Test func recordersOfBytesHaveBucketsOfBytes() {
        let registry = PrometheusRegistry()
        registry.makeRecorder(label: "upload.bytes", dimensions: [], aggregate: true).record(Int64(5000))
        let text = registry.exposition()
        #expect(text.contains("upload_bytes_bucket{le=\"4096\"} 0\n"))
        #expect(text.contains("upload_bytes_bucket{le=\"16384\"} 1\n"))
        registry.makeRecorder(label: "queue.age", dimensions: [], aggregate: false).record(1.5)
        #expect(registry.exposition().contains("# TYPE queue_age gauge\nqueue_age 1.5\n"))
    }

    @Test func theSameNameAndLabelsAreOneSeriesInAnyOrder() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "n", dimensions: [("a", "1"), ("b", "2")]).increment(by: 1)
        registry.makeCounter(label: "n.total", dimensions: [("b", "2"), ("a", "1")]).increment(by: 1)
        #expect(registry.exposition() == "# TYPE n_total counter\nn_total{a=\"1\",b=\"2\"} 2\n")
    }

    @Test func labelsBeyondTheLimitAreCountedTogether() {
        let registry = PrometheusRegistry(seriesLimit: 3)
        for path in 0..<10 {
            registry.makeCounter(label: "n", dimensions: [("path", "\(path)")]).increment(by: 1)
        }
        registry.makeCounter(label: "n", dimensions: [("path", "0")]).increment(by: 1)
        let lines = registry.exposition().split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines.contains("n_total{path=\"other\"} 7"))
        #expect(lines.contains("n_total{path=\"0\"} 2"))
    }

    @Test func twoKindsUnderOneNameDoNotBreakThePage() {
        let registry = PrometheusRegistry()
        registry.makeMeter(label: "n_total", dimensions: []).set(Int64(1))
        registry.makeCounter(label: "n", dimensions: []).increment(by: 5)
        #expect(registry.exposition() == "# TYPE n_total gauge\nn_total 1\n")
    }

    @Test func countersDoNotFall() {
        let registry = PrometheusRegistry()
        let counter = registry.makeCounter(label: "n", dimensions: [])
        counter.increment(by: 4)
        counter.increment(by: -9)
        let fractions = registry.makeFloatingPointCounter(label: "f", dimensions: [])
        fractions.increment(by: 1)
        fractions.increment(by: -.infinity)
        fractions.increment(by: .nan)
        #expect(registry.exposition() == "# TYPE f_total counter\nf_total 1\n# TYPE n_total counter\nn_total 4\n")
    }

    @Test func namesAreMadeValid() {
        #expect(MetricName.metric("9 lives-left") == "_9_lives_left")
        #expect(MetricName.metric("") == "_")
        #expect(MetricName.metric("a.b", suffix: "_total") == "a_b_total")
        #expect(MetricName.label("le") == "exported_le")
        #expect(MetricName.label("__name__") == "exported___name__")
        #expect(MetricName.label("http.method") == "http_method")
        #expect(MetricName.label("ä") == "__" || MetricName.label("ä") == "exported___")
    }

    @Test func numbers() {
        #expect(Exposition.number(.nan) == "NaN")
        #expect(Exposition.number(-.infinity) == "-Inf")
        #expect(Exposition.number(0) == "0")
        #expect(Exposition.number(-2) == "-2")
        #expect(Exposition.number(0.1) == "0.1")
        #expect(Exposition.number(1e300) == "1e+300")
    }

    @Test func nothingIsLostBetweenThreads() async {
        let registry = PrometheusRegistry()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = registry.makeCounter(label: "n", dimensions: [])
                    let meter = registry.makeMeter(label: "m", dimensions: [])
                    let timer = registry.makeTimer(label: "t", dimensions: [])
                    for _ in 0..<1000 {
                        counter.increment(by: 1)
                        meter.increment(by: 0.5)
                        timer.recordNanoseconds(1)
                    }
                }
            }
        }
        let text = registry.exposition()
        #expect(text.contains("n_total 8000\n"))
        #expect(text.contains("m 4000\n"))
        #expect(text.contains("t_seconds_count 8000\n"))
    }
}
