import NIOConcurrencyHelpers
import TaskSupport

/// One call on another thread, whose caller may leave before it ends. Whichever comes first settles it: the result, the
/// timeout or the caller's cancellation.
final class BlockingCall<Value: Sendable>: Sendable {
    private struct State {
        var waiter: CheckedContinuation<Result<Value, StorageError>, Never>?
        var hasBegun = false
        /// Why the caller has left.
        var left: StorageError.Code?
    }

    private let operation: StorageError.Operation
    private let state = NIOLockedValueBox(State())

    init(_ operation: StorageError.Operation) {
        self.operation = operation
    }

    /// - Returns: whether the call may begin; false if the caller has left already.
    func wait(_ continuation: CheckedContinuation<Result<Value, StorageError>, Never>) -> Bool {
        let left = state.withLockedValue { state in
            if state.left == nil { state.waiter = continuation }
            return state.left
        }
        guard let left else { return true }
        continuation.resume(returning: .failure(StorageError(left, during: operation)))
        return false
    }

    /// Runs the call, unless the caller has left before.
    func perform(_ body: () throws(LocalStorageError) -> Value) {
        let mayBegin = state.withLockedValue { state in
            state.hasBegun = state.left == nil
            return state.hasBegun
        }
        guard mayBegin else { return }
        let result: Result<Value, StorageError>
        do {
            result = .success(try body())
        } catch {
            result = .failure(error.storageError(during: operation))
        }
        takeWaiter()?.resume(returning: result)
    }

    /// - Parameter rejectionCode: the error code if the call has not begun; nil: `reason`.
    func leave(_ reason: StorageError.Code, rejectionCode: StorageError.Code? = nil) {
        let (waiter, hasBegun, reason) = state.withLockedValue { state in
            let reason = state.hasBegun ? reason : rejectionCode ?? reason
            defer {
                if state.left == nil { state.left = reason }
                state.waiter = nil
            }
            return (state.waiter, state.hasBegun, reason)
        }
        let detail = hasBegun ? "the file system has not answered yet" : "every thread waits for the file system"
        var error = StorageError(reason, during: operation, detail: detail)
        error.mayHaveHappened = hasBegun
        waiter?.resume(returning: .failure(error))
    }

    private func takeWaiter() -> CheckedContinuation<Result<Value, StorageError>, Never>? {
        state.withLockedValue { state in
            defer { state.waiter = nil }
            return state.waiter
        }
    }
}

/// The timeouts of all calls of a pool, with a single timer: nearly all calls end in time.
final class CallWatch: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var calls: [UInt64: (deadline: ContinuousClock.Instant, expire: @Sendable () -> Void)] = [:]
        var isArmed = false
    }

    private let timeout: Duration
    private let clock: MonotonicClock
    private let state = NIOLockedValueBox(State())

    init(timeout: Duration, clock: MonotonicClock) {
        self.timeout = timeout
        self.clock = clock
    }

    /// - Parameter expire: called when the time is over, unless the call has ended before.
    func begin(_ expire: @escaping @Sendable () -> Void) -> UInt64 {
        let deadline = clock.now() + timeout
        let (id, mustArm) = state.withLockedValue { state in
            state.nextID += 1
            state.calls[state.nextID] = (deadline, expire)
            defer { state.isArmed = true }
            return (state.nextID, !state.isArmed)
        }
        if mustArm { arm(deadline) }
        return id
    }

    func end(_ id: UInt64) {
        state.withLockedValue { _ = $0.calls.removeValue(forKey: id) }
    }

    private func arm(_ deadline: ContinuousClock.Instant) {
        Task { [clock, weak self] in
            try? await clock.sleep(deadline)
            self?.fire()
        }
    }

    private func fire() {
        let now = clock.now()
        let (late, next) = state.withLockedValue { state in
            let late = state.calls.values.filter { $0.deadline <= now }.map(\.expire)
            state.calls = state.calls.filter { $0.value.deadline > now }
            let next = state.calls.values.map(\.deadline).min()
            state.isArmed = next != nil
            return (late, next)
        }
        for expire in late { expire() }
        if let next { arm(next) }
    }
}
