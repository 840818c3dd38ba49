import NIOConcurrencyHelpers
import NIOCore

/// Answers at once, on the event loop, what can be answered without waiting. Asked by connections while nothing else is
/// in flight on them; there is one for each event loop, which never leaves it.
///
/// An answer is to be the one that the responder would give: the same head, the same bytes. Whoever adds a rule that
/// decides about reads (of access, of rates) lets this say nil where the rule has anything to say.
public protocol FastPath: AnyObject {
    /// Nil: the long way, by the responder.
    func answer(_ request: FastRequest) -> FastAnswer?
}

/// The fast paths of a listener.
final class FastPaths: Sendable {
    private let make: @Sendable () -> any FastPath
    private let slots = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<FastPathLoopState>]>([:])

    init(make: @escaping @Sendable () -> any FastPath) {
        self.make = make
    }

    /// The one of this event loop, on which the caller is.
    func slot(on eventLoop: any EventLoop) -> FastPathLoopState {
        self.slots.withLockedValue { slots in
            let id = ObjectIdentifier(eventLoop)
            if let slot = slots[id] { return slot.value }
            let slot = FastPathLoopState(fastPath: self.make())
            slots[id] = NIOLoopBound(slot, eventLoop: eventLoop)
            return slot
        }
    }
}

/// What the connections of one event loop share for quick answers.
final class FastPathLoopState {
    let fastPath: any FastPath
    private var yieldPolicy = LoopYieldPolicy()

    init(fastPath: any FastPath) {
        self.fastPath = fastPath
    }

    /// To be called when a connection has been answered.
    func answered(from start: NIODeadline, until end: NIODeadline, on eventLoop: any EventLoop) {
        guard self.yieldPolicy.note(from: start, until: end) else { return }
        eventLoop.assumeIsolated().execute { self.yieldPolicy.yield() }
    }
}
