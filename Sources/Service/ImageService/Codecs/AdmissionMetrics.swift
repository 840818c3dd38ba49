import Admission
import Metrics

/// Counts which jobs the codecs' queues reject and why, and how long the others waited for a permit.
struct AdmissionMetrics: Sendable {
    private let waits = Timer(label: "tintype_codec_wait_seconds")
    private let full = Self.counter("full")
    private let displaced = Self.counter("displaced")
    private let late = Self.counter("late")
    private let crowded = Self.counter("crowded")

    private static func counter(_ reason: String) -> Counter {
        Counter(label: "tintype_codec_rejected_total", dimensions: [("reason", reason)])
    }

    func note(waited: Duration) { waits.record(duration: waited) }

    func note(_ rejection: AdmissionRejection) {
        switch rejection {
        case .full: full.increment()
        case .displaced: displaced.increment()
        case .tooLate: late.increment()
        // Neither is a sign of too much work.
        case .exceedsHeldBytes, .cancelled: break
        }
    }

    /// Memory or a thread was not free in time.
    func noteCrowded() { crowded.increment() }
}
