import DequeModule
import NIOConcurrencyHelpers
import NIOCore

/// The connections of one event loop on which requests wait that were sent ahead (pipelining). A few at a time are gone
/// on with, with pauses between.
///
/// An event loop looks at its sockets only when it has nothing else to do. Where each answer began the next request at
/// once, some hundred connections with thousands of small heads kept it from everybody else for half a minute.
final class SentAhead {
    private let eventLoop: any EventLoop
    private var waiting: Deque<ConnectionMonitorHandler> = []
    private var isScheduled = false
    private var pause = SentAhead.shortestPause

    private static let atOnce = 8
    private static let shortestPause = TimeAmount.microseconds(100)
    private static let longestPause = TimeAmount.milliseconds(100)

    init(on eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// To be called once until the connection is gone on with.
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
            // So late it comes where the answers take longer than the pause: then the loop has not looked at its
            // sockets.
            let late = self.eventLoop.now - due
            self.pause = min(Self.shortestPause + 2 * late, Self.longestPause)
            for _ in 0..<min(Self.atOnce, self.waiting.count) { self.waiting.popFirst()?.goOn() }
            self.schedule()
        }
    }
}

/// Those of a listener, one for each event loop.
final class SentAheadOfLoops: Sendable {
    private let all = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<SentAhead>]>([:])

    /// That of this event loop, on which the caller is.
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
