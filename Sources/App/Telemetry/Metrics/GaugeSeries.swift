import CoreMetrics

/// A value that rises and falls: swift-metrics' meters and gauges.
final class GaugeSeries: MeterHandler, RecorderHandler, Series {
    private let current = AtomicDouble()

    func set(_ value: Int64) { current.value = Double(value) }
    func set(_ value: Double) { current.value = value }
    func record(_ value: Int64) { current.value = Double(value) }
    func record(_ value: Double) { current.value = value }

    func increment(by amount: Double) {
        guard amount.isFinite else { return }
        current.add(amount)
    }

    func decrement(by amount: Double) {
        increment(by: -amount)
    }

    func samples() -> [Sample] {
        [Sample(value: .number(current.value))]
    }
}
