import DequeModule
import NIOConcurrencyHelpers
import NIOCore

/// The connections of one event loop that have waiting requests which the client sent ahead (pipelining). The loop
/// continues a few at a time, with pauses in between.
///
/// An event loop looks at its sockets only when it has nothing else to do. Without the pauses, each response started
/// the next request at once: some hundred connections with thousands of small heads blocked all others for half a
/// minute.
final class SentAhead {
    private let eventLoop: any EventLoop
    private var waiting: Deque<ConnectionMonitorHandler> = []
    private var isScheduled = false
    private var pause = SentAhead.shortestPause

    private static let atOnce = 8
    private static let shortestPause = TimeAmount.microseconds(100)
    private static let longestPause = TimeAmount.milliseconds(100)

    init(on eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Call it once, then again only after the connection has continued.
    func add(_ monitor: ConnectionMonitorHandler) {
        self.waiting.append(monitor)
        self.schedule()
    }

    private func schedule() {
        guard !self.isScheduled, !self.waiting.isEmpty else { return }
        self.isScheduled = true
        let due = self.eventLoop.now + self.pause
        self.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            self.isScheduled = false
            // This is late if the responses take longer than the pause. Then the loop has not looked at its sockets.
            let late = self.eventLoop.now - due
            self.pause = min(Self.shortestPause + 2 * late, Self.longestPause)
            for _ in 0..<min(Self.atOnce, self.waiting.count) { self.waiting.popFirst()?.goOn() }
            self.schedule()
        }
    }
}

/// The ``SentAhead`` objects of a listener, one for each event loop.
final class SentAheadOfLoops: Sendable {
    private let all = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<SentAhead>]>([:])

    /// Returns the one of this event loop. The caller must be on it.
    func of(_ eventLoop: any EventLoop) -> SentAhead {
        self.all.withLockedValue { all in
            let id = ObjectIdentifier(eventLoop)
            if let known = all[id] { return known.value }
            let made = SentAhead(on: eventLoop)
            all[id] = NIOLoopBound(made, eventLoop: eventLoop)
            return made
        }
    }
}
