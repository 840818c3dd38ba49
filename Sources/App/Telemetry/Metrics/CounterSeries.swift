import CoreMetrics
import Synchronization

/// A count that only grows, shared by all who ask for the same name and labels.
final class CounterSeries: CounterHandler, Series {
    private let count = Atomic<Int64>(0)

    /// Negative amounts are ignored: to Prometheus, a counter that falls looks like a restart.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        // Wraps after 2^63, which no process lives long enough to reach.
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        count.store(0, ordering: .relaxed)
    }

    func samples() -> [Sample] {
        [Sample(value: .integer(count.load(ordering: .relaxed)))]
    }
}

/// The same for fractions.
final class FloatingPointCounterSeries: FloatingPointCounterHandler, Series {
    private let count = AtomicDouble()

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        count.add(amount)
    }

    func reset() {
        count.value = 0
    }

    func samples() -> [Sample] {
        [Sample(value: .number(count.value))]
    }
}
