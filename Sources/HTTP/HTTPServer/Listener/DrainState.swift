import Synchronization

/// The phase of a listener's shutdown. Every connection reads it for every response.
final class DrainState: Sendable {
    enum Phase: UInt8, Comparable {
        /// Serving.
        case running
        /// Still accepting. Every response says `Connection: close`.
        case draining
        /// No longer accepting. A connection is closed as soon as nothing is in flight on it.
        case stopping

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    private let raw = Atomic<UInt8>(Phase.running.rawValue)

    var phase: Phase { Phase(rawValue: self.raw.load(ordering: .acquiring)) ?? .stopping }

    /// Advances to a phase, never back.
    func advance(to phase: Phase) {
        self.raw.max(phase.rawValue, ordering: .acquiringAndReleasing)
    }
}

/// What a listener tells its connections during the shutdown, as user events from the start of their pipelines.
enum DrainEvent: Sendable {
    /// Close now if nothing is in flight.
    case closeIdle
    /// Cancel what is in flight, and close.
    case cut
}
