import NIOCore
import ServiceLifecycle

/// The listening socket was closed, and not by us.
public struct ListenerClosed: Error {}

/// The order of a shutdown, apart from sockets and requests:
/// window (still accepting, answers say close) -> no accepting, idle connections closed -> what is in flight ends ->
/// after the limit the rest is cut.
struct ListenerShutdown {
    private enum Reason {
        case graceful
        case socketClosed
    }

    let configuration: ListenerConfiguration
    let drain: DrainState
    let activity: ActivityCount
    let registry: ConnectionRegistry
    let onDraining: @Sendable () -> Void

    /// Waits for the signal, then shuts the listener down.
    /// - Parameter socket: The listening socket.
    /// - Throws: `ListenerClosed`.
    func run(until socket: any Channel) async throws {
        let (reasons, continuation) = AsyncStream.makeStream(of: Reason.self)
        socket.closeFuture.whenComplete { _ in continuation.yield(.socketClosed) }
        let reason = await withGracefulShutdownHandler {
            await reasons.first { _ in true }
        } onGracefulShutdown: {
            continuation.yield(.graceful)
        }
        switch reason {
        case .graceful:
            await self.shutDown(socket)
        case .socketClosed:
            await self.cut()
            throw ListenerClosed()
        case nil:
            // The task was cancelled.
            try? await socket.close()
            await self.cut()
        }
    }

    private func shutDown(_ socket: any Channel) async {
        let window = Duration.nanoseconds(self.configuration.drainWindow.nanoseconds)
        let limit = Duration.nanoseconds(self.configuration.shutdownLimit.nanoseconds)
        self.drain.advance(to: .draining)
        self.onDraining()
        // A cancellation ends every wait here at once, so that nothing below needs to look for it.
        try? await Task.sleep(for: min(window, limit))
        self.drain.advance(to: .stopping)
        try? await socket.close()
        self.registry.tell(.closeIdle)
        await self.waitUntilQuiet(atMost: limit - min(window, limit))
        await self.cut()
    }

    /// Cancels and closes what is still there, and waits for it a little.
    private func cut() async {
        self.drain.advance(to: .stopping)
        guard self.activity.count > 0 else { return }
        self.registry.tell(.cut)
        let grace = Duration.nanoseconds(self.configuration.cancelGrace.nanoseconds)
        // In a task of its own: this wait is wanted after a cancellation, too.
        await Task { await self.waitUntilQuiet(atMost: grace) }.value
    }

    private func waitUntilQuiet(atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.activity.waitUntilZero() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
