import NIOCore
import ServiceLifecycle

/// The listening socket was closed, but not by the server.
public struct ListenerClosed: Error {}

/// The steps of a shutdown, without sockets and requests:
/// - the drain window: the listener still accepts, and responses say close;
/// - the listener stops accepting, and idle connections are closed;
/// - what is in flight ends;
/// - after the limit, the rest is cut.
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
        // A cancellation ends every wait here at once, so the code below need not check for it.
        try? await Task.sleep(for: min(window, limit))
        self.drain.advance(to: .stopping)
        try? await socket.close()
        self.registry.tell(.closeIdle)
        await self.waitUntilQuiet(atMost: limit - min(window, limit))
        await self.cut()
    }

    /// Cancels and closes the rest, and waits a little for it.
    private func cut() async {
        self.drain.advance(to: .stopping)
        guard self.activity.count > 0 else { return }
        self.registry.tell(.cut)
        let grace = Duration.nanoseconds(self.configuration.cancelGrace.nanoseconds)
        // In a separate task, because this wait must also happen after a cancellation.
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
