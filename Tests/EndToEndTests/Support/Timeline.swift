import NIOConcurrencyHelpers

/// What one path has held, in the order in which one writer put it there.
final class Timeline: Sendable {
    /// One whole state of the path.
    struct Version: Sendable {
        var bytes: [UInt8]
        var corner: Pictures.Corner
        /// Which server took it.
        var replica: Int
        var began: ContinuousClock.Instant
        /// Nil until the server has said that it is stored.
        var acknowledged: ContinuousClock.Instant?
    }

    let path: String
    private let versions = NIOLockedValueBox<[Version]>([])

    init(path: String) {
        self.path = path
    }

    var count: Int { versions.withLockedValue { $0.count } }

    func begin(_ bytes: [UInt8], _ corner: Pictures.Corner, at replica: Int) {
        versions.withLockedValue {
            $0.append(Version(bytes: bytes, corner: corner, replica: replica, began: .now))
        }
    }

    func acknowledge() {
        let now = ContinuousClock.now
        versions.withLockedValue { $0[$0.count - 1].acknowledged = now }
    }

    /// The versions that a request to this replica may be answered with, which was sent at `sent` and has its answer
    /// now: those that no version has replaced which this replica has taken itself, or which was acknowledged longer
    /// than the bound before.
    func allowed(at replica: Int, sent: ContinuousClock.Instant, bound: Duration) -> ArraySlice<Version> {
        let versions = versions.withLockedValue { $0 }
        let first = versions.lastIndex { version in
            guard let acknowledged = version.acknowledged else { return false }
            return acknowledged + (version.replica == replica ? .zero : bound) < sent
        }
        return versions[(first ?? 0)...]
    }
}
