import NIOConcurrencyHelpers
import NIOCore

/// Answers at once, on the event loop, what can be answered without waiting. Asked by connections while nothing else is
/// in flight on them; there is one for each event loop, which never leaves it.
///
/// An answer is to be the one that the responder would give: the same head, the same bytes. Whoever adds a rule that
/// decides about reads (of access, of rates) lets this say nil where the rule has anything to say.
protocol FastLane: AnyObject {
    /// Nil: the long way, by the responder.
    func answer(_ request: FastRequest) -> FastAnswer?
}

/// The lanes of a listener.
final class FastLanes: Sendable {
    private let make: @Sendable () -> any FastLane
    private let seats = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<FastLaneSeat>]>([:])

    init(make: @escaping @Sendable () -> any FastLane) {
        self.make = make
    }

    /// The one of this event loop, on which the caller is.
    func seat(on eventLoop: any EventLoop) -> FastLaneSeat {
        self.seats.withLockedValue { seats in
            let id = ObjectIdentifier(eventLoop)
            if let seat = seats[id] { return seat.value }
            let seat = FastLaneSeat(lane: self.make())
            seats[id] = NIOLoopBound(seat, eventLoop: eventLoop)
            return seat
        }
    }
}

/// What the connections of one event loop share for quick answers.
final class FastLaneSeat {
    let lane: any FastLane
    private var stint = Stint()

    init(lane: any FastLane) {
        self.lane = lane
    }

    /// To be called when a connection has been answered.
    func answered(from start: NIODeadline, until end: NIODeadline, on eventLoop: any EventLoop) {
        guard self.stint.note(from: start, until: end) else { return }
        eventLoop.assumeIsolated().execute { self.stint.yield() }
    }
}
