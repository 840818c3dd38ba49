import NIOConcurrencyHelpers
public import TaskSupport

/// Memory that is needed as a whole before work can begin, such as that of decoded pixels: first come, first served,
/// with a bounded queue and a deadline for each wait.
public final class ByteBudget: Sendable {
    /// Counts for metrics.
    public struct Usage: Sendable, Hashable {
        /// The whole budget.
        public let limit: Int
        /// Bytes handed out, at most `limit`.
        public let heldBytes: Int
        /// Requests that wait.
        public let waiting: Int
        /// How long the first of them has waited; 0 if there is none.
        public let oldestWaitingSeconds: Double
    }

    private typealias Continuation = CheckedContinuation<AdmissionError?, Never>

    private struct Guarded {
        var state: ByteBudgetState
        var continuations: [ByteBudgetState.Ticket: Continuation] = [:]
        /// One sleeping task per waiting request, which ends the wait at its deadline.
        var timers: [ByteBudgetState.Ticket: Task<Void, Never>] = [:]

        mutating func take(_ ticket: ByteBudgetState.Ticket) -> Continuation? {
            timers.removeValue(forKey: ticket)?.cancel()
            return continuations.removeValue(forKey: ticket)
        }
    }

    /// Bytes handed out. Given back by ``release()``, at the latest when the last reference goes.
    public final class Reservation: Sendable {
        /// The bytes that were asked for.
        public let bytes: Int
        private let budget: ByteBudget
        private let isHeld = NIOLockedValueBox(true)

        fileprivate init(bytes: Int, budget: ByteBudget) {
            self.bytes = bytes
            self.budget = budget
        }

        deinit {
            release()
        }

        /// Gives the bytes back. Calling it again does nothing.
        public func release() {
            let wasHeld = isHeld.withLockedValue { held in
                defer { held = false }
                return held
            }
            if wasHeld { budget.release(bytes) }
        }
    }

    private let guarded: NIOLockedValueBox<Guarded>
    private let clock: AdmissionClock

    /// - Parameters:
    ///   - limit: bytes that may be handed out at once; not negative.
    ///   - queueLimit: requests that may wait; one more is refused at once.
    public init(limit: Int, queueLimit: Int, clock: AdmissionClock = .continuous) {
        self.guarded = NIOLockedValueBox(Guarded(state: ByteBudgetState(limit: limit, queueLimit: queueLimit)))
        self.clock = clock
    }

    /// All counts, of one moment.
    public var usage: Usage {
        let now = clock.now()
        return guarded.withLockedValue {
            let (seconds, attoseconds) = $0.state.oldestAge(now: now).components
            return Usage(
                limit: $0.state.limit, heldBytes: $0.state.heldBytes, waiting: $0.state.waiting,
                oldestWaitingSeconds: Double(seconds) + Double(attoseconds) * 1e-18)
        }
    }

    /// Waits for so many bytes, until `deadline` at most.
    /// - Precondition: `bytes` is not negative.
    /// - Throws: ``AdmissionError/exceedsBudget(limit:)`` at once if the whole budget is smaller,
    ///   ``AdmissionError/overloaded(retryAfterSeconds:)`` at once if the queue is full and later if the deadline
    ///   passes, ``AdmissionError/cancelled`` if the task is cancelled.
    public func acquire(
        _ bytes: Int, deadline: ContinuousClock.Instant
    ) async throws(AdmissionError) -> Reservation {
        let ticket = guarded.withLockedValue { $0.state.nextTicket() }
        let refusal = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Continuation) in
                let now = clock.now()
                let answer = guarded.withLockedValue { guarded -> ByteBudgetState.Answer in
                    // Seen here, under the lock, or else the handler comes later and finds the ticket.
                    if Task.isCancelled { return .refused(.cancelled) }
                    let answer = guarded.state.request(bytes, ticket: ticket, deadline: deadline, now: now)
                    if answer == .queued {
                        guarded.continuations[ticket] = continuation
                        guarded.timers[ticket] = timer(ticket, deadline: deadline)
                    }
                    return answer
                }
                switch answer {
                case .granted: continuation.resume(returning: nil)
                case .refused(let error): continuation.resume(returning: error)
                case .queued: break
                }
            }
        } onCancel: {
            withdraw(ticket) { _ in .cancelled }
        }
        if let refusal { throw refusal }
        return Reservation(bytes: bytes, budget: self)
    }

    /// Runs `body` while so many bytes are reserved; waits and throws like ``acquire(_:deadline:)``.
    public func withBytes<Value: Sendable>(
        _ bytes: Int, deadline: ContinuousClock.Instant, _ body: () async throws -> Value
    ) async throws -> Value {
        let reservation = try await acquire(bytes, deadline: deadline)
        defer { reservation.release() }
        return try await body()
    }

    private func timer(_ ticket: ByteBudgetState.Ticket, deadline: ContinuousClock.Instant) -> Task<Void, Never> {
        let clock = clock
        return Task { [weak self] in
            // A sleep that is cut short belongs to a request that waits no more.
            guard (try? await clock.sleep(deadline)) != nil else { return }
            self?.withdraw(ticket) { .overloaded(waited: $0) }
        }
    }

    private func withdraw(_ ticket: ByteBudgetState.Ticket, error: (Duration) -> AdmissionError) {
        let now = clock.now()
        let (refused, refusal, granted) = guarded.withLockedValue {
            guarded -> (Continuation?, AdmissionError, [Continuation]) in
            guard let (waited, granted) = guarded.state.withdraw(ticket, now: now) else { return (nil, .cancelled, []) }
            return (guarded.take(ticket), error(waited), granted.compactMap { guarded.take($0) })
        }
        refused?.resume(returning: refusal)
        for continuation in granted { continuation.resume(returning: nil) }
    }

    private func release(_ bytes: Int) {
        let granted = guarded.withLockedValue { guarded in
            guarded.state.release(bytes).compactMap { guarded.take($0) }
        }
        for continuation in granted { continuation.resume(returning: nil) }
    }
}
