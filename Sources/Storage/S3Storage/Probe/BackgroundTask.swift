import NIOConcurrencyHelpers

/// At most one task that goes on after its caller has returned, and ends with its owner.
final class BackgroundTask: Sendable {
    private let task = NIOLockedValueBox<Task<Void, Never>?>(nil)

    /// Cancels the previous task.
    func start(_ body: @escaping @Sendable () async -> Void) {
        task.withLockedValue { task in
            task?.cancel()
            task = Task { await body() }
        }
    }

    /// Cancels the task, and waits until it has ended.
    func stop() async {
        let running = task.withLockedValue { task in
            defer { task = nil }
            return task
        }
        running?.cancel()
        await running?.value
    }
}
