import DequeModule
import NIOConcurrencyHelpers

/// Lets one task at a time work on a key, or several tasks that share it, in the order of arrival. Unused keys take no
/// memory.
public final class KeyedLock<Key: Hashable & Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let isShared: Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct Line {
        /// How many tasks hold the key; more than one only if it is shared.
        var holders = 1
        var isShared: Bool
        var waiting: Deque<Waiter> = []

        /// Admits waiting tasks, from the front, as far as the holders allow it.
        mutating func letIn() -> [Waiter] {
            var admitted: [Waiter] = []
            while let next = waiting.first, holders == 0 || isShared && next.isShared {
                holders += 1
                isShared = next.isShared
                admitted.append(next)
                waiting.removeFirst()
            }
            return admitted
        }
    }

    private struct State {
        var nextID: UInt64 = 0
        /// A key in this table is held.
        var lines: [Key: Line] = [:]
    }

    private let state = NIOLockedValueBox(State())

    /// A lock that holds no key.
    public init() {}

    /// How many tasks wait for the key.
    func waiting(for key: Key) -> Int { state.withLockedValue { $0.lines[key]?.waiting.count ?? 0 } }

    /// Runs `body` while no other task holds `key`, or only tasks that share it too.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits; what `body` throws.
    public func withLock<Result>(
        _ key: Key, shared: Bool = false, _ body: () async throws -> Result
    ) async throws -> Result {
        try await acquire(key, shared: shared)
        defer { release(key) }
        return try await body()
    }

    private func acquire(_ key: Key, shared: Bool) async throws(CancellationError) {
        let id = state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        let isHeld = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLockedValue { state in
                    // If the task was cancelled before, `onCancel` has found no waiter to wake.
                    if Task.isCancelled { return false }
                    guard let line = state.lines[key] else {
                        state.lines[key] = Line(isShared: shared)
                        return true
                    }
                    // A task that waits goes first: else tasks that share could keep it waiting forever.
                    if shared, line.isShared, line.waiting.isEmpty {
                        state.lines[key]?.holders += 1
                        return true
                    }
                    state.lines[key]?.waiting.append(Waiter(id: id, isShared: shared, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let (left, admitted) = state.withLockedValue { state -> (Waiter?, [Waiter]) in
                guard let place = state.lines[key]?.waiting.firstIndex(where: { $0.id == id }) else { return (nil, []) }
                let left = state.lines[key]?.waiting.remove(at: place)
                return (left, state.lines[key]?.letIn() ?? [])
            }
            left?.continuation.resume(returning: false)
            for waiter in admitted { waiter.continuation.resume(returning: true) }
        }
        if !isHeld { throw CancellationError() }
    }

    private func release(_ key: Key) {
        let admitted = state.withLockedValue { state -> [Waiter] in
            state.lines[key]?.holders -= 1
            let admitted = state.lines[key]?.letIn() ?? []
            if state.lines[key]?.holders == 0 { state.lines[key] = nil }
            return admitted
        }
        for waiter in admitted { waiter.continuation.resume(returning: true) }
    }
}
