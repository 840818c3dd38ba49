import CoreMetrics
import Synchronization

/// The distribution of values: swift-metrics' timers (in seconds) and aggregating recorders.
final class HistogramSeries: TimerHandler, RecorderHandler, Series {
    /// The upper bounds of the buckets, ascending; after the last one there is one more bucket without a bound.
    struct Buckets: Sendable, Hashable {
        let bounds: [Double]

        /// For durations in seconds: from a hit in memory to a client that is cut off.
        static let seconds = Buckets(bounds: [
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
        ])

        /// For sizes in bytes: 1 KiB to 1 GiB in steps of four.
        static let bytes = Buckets(bounds: (5...15).map { Double(1 << (2 * $0)) })

        /// For counts.
        static let counts = Buckets(bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000])
    }

    /// An atomic in a class, because an array cannot hold a value that must not move.
    private final class Cell: Sendable {
        let count = Atomic<Int64>(0)
    }

    private let buckets: Buckets
    private let cells: [Cell]
    private let sum = AtomicDouble()

    init(_ buckets: Buckets) {
        self.buckets = buckets
        cells = (0...buckets.bounds.count).map { _ in Cell() }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        // Fewer than twenty bounds: a linear search is as fast as a binary one.
        let index = buckets.bounds.firstIndex { value <= $0 } ?? buckets.bounds.count
        cells[index].count.wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    /// Each bucket includes the ones below it. The count is that of the last bucket and not a separate one, so that the
    /// two agree even if other threads record meanwhile.
    func samples() -> [Sample] {
        var total: Int64 = 0
        var samples: [Sample] = []
        samples.reserveCapacity(cells.count + 2)
        for (index, cell) in cells.enumerated() {
            total += cell.count.load(ordering: .relaxed)
            let bound = index < buckets.bounds.count ? buckets.bounds[index] : .infinity
            samples.append(Sample(suffix: "_bucket", bound: bound, value: .integer(total)))
        }
        samples.append(Sample(suffix: "_sum", value: .number(sum.value)))
        samples.append(Sample(suffix: "_count", value: .integer(total)))
        return samples
    }
}
