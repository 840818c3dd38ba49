import NIOConcurrencyHelpers
import NIOCore

/// Answers at once, on the event loop, what it can answer without waiting. Connections ask it while nothing else is in
/// flight on them. Each event loop has its own, which never leaves it.
///
/// The response must be the one that the responder would give: the same head and the same bytes. If you add a rule that
/// decides about reads (access, rates), return nil here whenever the rule applies.
public protocol FastPath: AnyObject {
    /// Nil: the request takes the normal path, through the responder.
    func answer(_ request: FastRequest) -> FastAnswer?
}

/// The fast paths of a listener.
final class FastPaths: Sendable {
    private let make: @Sendable () -> any FastPath
    private let slots = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<FastPathLoopState>]>([:])

    init(make: @escaping @Sendable () -> any FastPath) {
        self.make = make
    }

    /// Returns the fast path of this event loop. The caller must be on it.
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

/// What the connections of one event loop share for fast responses.
final class FastPathLoopState {
    let fastPath: any FastPath
    private var yieldPolicy = LoopYieldPolicy()

    init(fastPath: any FastPath) {
        self.fastPath = fastPath
    }

    /// Call it when a request has been answered.
    func answered(from start: NIODeadline, until end: NIODeadline, on eventLoop: any EventLoop) {
        guard self.yieldPolicy.note(from: start, until: end) else { return }
        eventLoop.assumeIsolated().execute { self.yieldPolicy.yield() }
    }
}
