import NIOConcurrencyHelpers
import ObjectStorage
import TaskSupport

/// Runs one piece of work per key, however many callers want its result.
///
/// Each waiter can leave alone; the work is cancelled when the last one has left. Nothing is remembered: after the work
/// has ended, the next caller begins it anew.
public final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Flight {
        let id: UInt64
        var task: Task<Void, Never>?
        var waiters: [UInt64: CheckedContinuation<Value?, Never>]
    }

    private struct State {
        var nextID: UInt64 = 0
        var flights: [Key: Flight] = [:]

        mutating func makeID() -> UInt64 {
            nextID += 1
            return nextID
        }
    }

    private let state = NIOLockedValueBox(State())

    /// No work is under way.
    public init() {}

    /// How many pieces of work are under way.
    public var count: Int { state.withLockedValue { $0.flights.count } }

    /// How many callers wait for the work of this key.
    func waiters(for key: Key) -> Int { state.withLockedValue { $0.flights[key]?.waiters.count ?? 0 } }

    /// The result of the work under way for this key, or else of `work`.
    ///
    /// - Throws: `CancellationError` if the calling task was cancelled; the other waiters go on.
    public func run(
        _ key: Key, _ work: @escaping @Sendable () async -> Value
    ) async throws(CancellationError) -> Value {
        let waiter = state.withLockedValue { $0.makeID() }
        let value: Value? = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                join(key, waiter: waiter, continuation, work)
            }
        } onCancel: {
            leave(key, waiter: waiter)
        }
        guard let value else { throw CancellationError() }
        return value
    }

    private func join(
        _ key: Key, waiter: UInt64, _ continuation: CheckedContinuation<Value?, Never>,
        _ work: @escaping @Sendable () async -> Value
    ) {
        let joined = state.withLockedValue { state in
            // If the task was cancelled before this point, `leave` has found no waiter: it must not wait.
            guard !Task.isCancelled else { return false }
            if state.flights[key] != nil {
                state.flights[key]?.waiters[waiter] = continuation
                return true
            }
            let id = state.makeID()
            let task = Task(executorPreference: RequestExecutor.executor) {
                let value = await work()
                self.land(key, id: id, value)
            }
            state.flights[key] = Flight(id: id, task: task, waiters: [waiter: continuation])
            return true
        }
        if !joined { continuation.resume(returning: nil) }
    }

    private func leave(_ key: Key, waiter: UInt64) {
        let (continuation, task) = state.withLockedValue { state in
            let continuation = state.flights[key]?.waiters.removeValue(forKey: waiter)
            guard continuation != nil, state.flights[key]?.waiters.isEmpty == true else {
                return (continuation, Task<Void, Never>?.none)
            }
            return (continuation, state.flights.removeValue(forKey: key)?.task)
        }
        task?.cancel()
        continuation?.resume(returning: nil)
    }

    private func land(_ key: Key, id: UInt64, _ value: Value) {
        let waiters = state.withLockedValue { state in
            // The last waiter may have left while this work ended, and others may have begun it anew.
            guard state.flights[key]?.id == id else { return [CheckedContinuation<Value?, Never>]() }
            return Array((state.flights.removeValue(forKey: key)?.waiters ?? [:]).values)
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }
}
