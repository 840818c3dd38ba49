import Synchronization

/// How far the shutdown of a listener has come; read by every connection with every answer.
final class DrainState: Sendable {
    enum Phase: UInt8, Comparable {
        /// Serving.
        case running
        /// Still accepting; every answer says `Connection: close`.
        case draining
        /// Not accepting any more; a connection is closed as soon as it has nothing in flight.
        case stopping

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    private let raw = Atomic<UInt8>(Phase.running.rawValue)

    var phase: Phase { Phase(rawValue: self.raw.load(ordering: .acquiring)) ?? .stopping }

    /// Goes on to a phase; never back.
    func advance(to phase: Phase) {
        self.raw.max(phase.rawValue, ordering: .acquiringAndReleasing)
    }
}

/// What a listener tells its connections during the shutdown, as user events from the front of their pipelines.
enum DrainEvent: Sendable {
    /// Close now where nothing is in flight.
    case closeIdle
    /// Cancel what is in flight, and close.
    case cut
}
