public import CoreMetrics
import Synchronization

/// The Prometheus backend of swift-metrics: keeps every series in memory and writes them as text when asked.
///
/// | swift-metrics | Prometheus |
/// |---|---|
/// | Counter, FloatingPointCounter | counter, its name ends in `_total` |
/// | Timer | histogram in seconds, its name ends in `_seconds` |
/// | Recorder | histogram; of bytes if its name ends in `bytes` |
/// | Gauge, Meter | gauge |
///
/// - Making a metric takes a lock and a look-up: keep it if you use it often. Recording takes neither.
/// - All who ask for the same name and labels share one series. A series lives as long as the registry: `destroy` does
///   nothing, because a count that vanished would be a gap in the graph, and the number of series is bounded.
/// - If a metric has more than `seriesLimit` combinations of labels, the later ones are counted in one series whose
///   labels all say `other`.
public final class PrometheusRegistry: MetricsFactory {
    /// The media type of ``exposition(adding:)``: text format 0.0.4.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let families = Mutex<[String: MetricFamily]>([:])
    private let help: [String: String]
    private let seriesLimit: Int

    /// - Parameters:
    ///   - help: the meanings of metrics, by the names under which they are written.
    ///   - seriesLimit: at least 1.
    public init(help: [String: String] = [:], seriesLimit: Int = 500) {
        self.help = help
        self.seriesLimit = max(1, seriesLimit)
    }

    /// All counts, in the text format 0.0.4, families sorted by name.
    ///
    /// - Parameters:
    ///   - process: values of the process, written with the rest.
    ///   - counts: counters without labels that are counted elsewhere, with their full names.
    public func exposition(adding process: ProcessMetrics? = nil, counts: [(name: String, value: Int)] = []) -> String {
        var text = Exposition()
        // Copied under the lock, written outside it: a slow scrape does not delay anyone who makes a metric.
        for (name, family) in families.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            text.append(family, named: name, help: help[name])
        }
        for (name, value) in counts {
            text.append(name, .counter, help: help[name] ?? "", .integer(Int64(value)))
        }
        if let process { text.append(process) }
        return text.text
    }

    /// The series of this name and these labels; made if there is none.
    private func series<S: Series>(
        _ kind: MetricFamily.Kind, _ name: String, _ dimensions: [(String, String)], make: () -> S
    ) -> S {
        let labels = LabelSet(dimensions)
        return families.withLock { families in
            // Two kinds under one name cannot both be written. The later one is counted separately and not shown: a
            // mistake in a name must not stop a server.
            guard families[name, default: MetricFamily(kind: kind)].kind == kind else { return make() }
            return families[name, default: MetricFamily(kind: kind)].series(labels, limit: seriesLimit, make: make)
        }
    }
}

extension PrometheusRegistry {
    /// A counter of whole numbers; `_total` is appended to the name if it is missing.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(.counter, MetricName.metric(label, suffix: "_total"), dimensions) { CounterSeries() }
    }

    /// A counter of fractions; `_total` is appended to the name if it is missing.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(.counter, MetricName.metric(label, suffix: "_total"), dimensions) { FloatingPointCounterSeries() }
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(.gauge, MetricName.metric(label), dimensions) { GaugeSeries() }
    }

    /// A histogram, of bytes if the name ends in `bytes`, else of counts; a gauge if not aggregated.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let name = MetricName.metric(label)
        guard aggregate else { return series(.gauge, name, dimensions) { GaugeSeries() } }
        return series(.histogram, name, dimensions) { HistogramSeries(name.hasSuffix("bytes") ? .bytes : .counts) }
    }

    /// A histogram in seconds; `_seconds` is appended to the name if it is missing.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(.histogram, MetricName.metric(label, suffix: "_seconds"), dimensions) { HistogramSeries(.seconds) }
    }

    /// Does nothing: the series stays, as the type says.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Does nothing: the series stays, as the type says.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Does nothing: the series stays, as the type says.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Does nothing: the series stays, as the type says.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Does nothing: the series stays, as the type says.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
