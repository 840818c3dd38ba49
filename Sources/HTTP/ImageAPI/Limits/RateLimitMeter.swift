import AccessControl
import Metrics

/// Counts rejections by limits.
struct RateLimitMeter: Sendable {
    private let counters: [RateLimitKind: Counter]

    init() {
        // All of them are there from the start, whatever is limited.
        counters = Dictionary(
            uniqueKeysWithValues: RateLimitKind.allCases.map { kind in
                (kind, Counter(label: "tintype_rate_limited_total", dimensions: [("kind", kind.rawValue)]))
            })
    }

    func note(_ kind: RateLimitKind) { counters[kind]?.increment() }
}
