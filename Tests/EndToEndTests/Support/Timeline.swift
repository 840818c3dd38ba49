import NIOConcurrencyHelpers

/// The versions of one path, in the order in which one writer stored them.
final class Timeline: Sendable {
    /// One complete state of the path.
    struct Version: Sendable {
        var bytes: [UInt8]
        var corner: Pictures.Corner
        /// The server that took it.
        var replica: Int
        var began: ContinuousClock.Instant
        /// Nil until the server has confirmed that it is stored.
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

    /// The versions that are allowed in a response of this replica that has arrived now, for a request sent at `sent`.
    /// A version is not allowed if a newer one was acknowledged by this replica before `sent`, or by another replica
    /// longer than the bound before `sent`.
    func allowed(at replica: Int, sent: ContinuousClock.Instant, bound: Duration) -> ArraySlice<Version> {
        let versions = versions.withLockedValue { $0 }
        let first = versions.lastIndex { version in
            guard let acknowledged = version.acknowledged else { return false }
            return acknowledged + (version.replica == replica ? .zero : bound) < sent
        }
        return versions[(first ?? 0)...]
    }
}
