import DequeModule
import NIOConcurrencyHelpers

/// Lets one task at a time work on a key, in the order of arrival. Keys nobody works on cost nothing.
public final class KeyedLock<Key: Hashable & Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var nextID: UInt64 = 0
        /// A key that is here is held; the queue is who waits for it.
        var held: [Key: Deque<Waiter>] = [:]
    }

    private let state = NIOLockedValueBox(State())

    public init() {}

    /// Runs `body` while no other task holds `key`.
    ///
    /// - Throws: `CancellationError` where the task is cancelled while it waits; what `body` throws.
    public func withLock<Result>(_ key: Key, _ body: () async throws -> Result) async throws -> Result {
        try await acquire(key)
        defer { release(key) }
        return try await body()
    }

    private func acquire(_ key: Key) async throws(CancellationError) {
        let id = state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        let isHeld = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLockedValue { state in
                    // Cancelled before it came here: `onCancel` has found nobody to wake.
                    if Task.isCancelled { return false }
                    guard state.held[key] != nil else {
                        state.held[key] = []
                        return true
                    }
                    state.held[key]?.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLockedValue { state -> Waiter? in
                guard let place = state.held[key]?.firstIndex(where: { $0.id == id }) else { return nil }
                return state.held[key]?.remove(at: place)
            }
            waiter?.continuation.resume(returning: false)
        }
        if !isHeld { throw CancellationError() }
    }

    private func release(_ key: Key) {
        let next = state.withLockedValue { state -> Waiter? in
            guard let next = state.held[key]?.popFirst() else {
                state.held[key] = nil
                return nil
            }
            return next
        }
        next?.continuation.resume(returning: true)
    }
}
