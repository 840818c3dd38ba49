import NIOConcurrencyHelpers

/// At most one task that goes on behind its caller and is ended with its owner.
final class BackgroundTask: Sendable {
    private let task = NIOLockedValueBox<Task<Void, Never>?>(nil)

    /// Cancels the one before.
    func start(_ body: @escaping @Sendable () async -> Void) {
        task.withLockedValue { task in
            task?.cancel()
            task = Task { await body() }
        }
    }

    /// Cancels it, and waits until it has ended.
    func stop() async {
        let running = task.withLockedValue { task in
            defer { task = nil }
            return task
        }
        running?.cancel()
        await running?.value
    }
}
