import NIOConcurrencyHelpers

/// Tasks that wait, and the state that decides which of them may go on: lock, continuations, cancellation and deadlines
/// in one place.
///
/// Every wait has a ticket. A change of the state answers tickets; each is answered once, outside of the lock.
public final class WaitList<State: Sendable, Answer: Sendable>: Sendable {
    /// Names one wait; none comes twice.
    public typealias Ticket = Int
    /// Tickets that wait no more, and their answers.
    public typealias Answers = [(Ticket, Answer)]

    /// What the state says to a task that arrives.
    public enum Arrival: Sendable {
        /// It does not wait.
        case answered(Answer)
        /// It waits, until its ticket is answered.
        case waits
    }

    /// Says what a ticket gets that waits no more, and who goes on in its place.
    public typealias Leave = @Sendable (inout State, Ticket, WaitDeparture) -> (Answer, Answers)

    private struct Waiter {
        let continuation: CheckedContinuation<Answer, Never>
        let since: ContinuousClock.Instant
        /// Sleeps until the deadline.
        let timer: Task<Void, Never>?
    }

    private struct Guarded {
        var state: State
        var waiters: [Ticket: Waiter] = [:]
        var lastTicket = 0

        mutating func take(_ answers: Answers) -> [(Waiter, Answer)] {
            answers.compactMap { ticket, answer in waiters.removeValue(forKey: ticket).map { ($0, answer) } }
        }
    }

    private let guarded: NIOLockedValueBox<Guarded>
    private let clock: MonotonicClock

    /// - Parameters:
    ///   - state: what decides; changed under the lock only.
    ///   - clock: measures deadlines and waits.
    public init(_ state: State, clock: MonotonicClock = .continuous) {
        guarded = NIOLockedValueBox(Guarded(state: state))
        self.clock = clock
    }

    /// Looks at the state, or changes it in a way that lets nobody go on.
    public func withState<Value>(_ body: (inout State) -> Value) -> Value {
        guarded.withLockedValue { body(&$0.state) }
    }

    /// Changes the state, and answers the tickets that may go on.
    public func update(_ change: (inout State) -> Answers) {
        resume(guarded.withLockedValue { $0.take(change(&$0.state)) })
    }

    /// How many wait, for tests.
    var count: Int { guarded.withLockedValue { $0.waiters.count } }

    /// How long the one that waits longest has waited; zero if none waits.
    public var oldestWait: Duration {
        let now = clock.now()
        return guarded.withLockedValue { $0.waiters.values.map(\.since).min().map { now - $0 } ?? .zero }
    }

    /// Waits until the ticket is answered, the deadline passes or the task is cancelled.
    ///
    /// - Parameters:
    ///   - deadline: nil: none.
    ///   - cancelled: the answer if the task is cancelled before it arrives.
    ///   - arrive: asked once, under the lock; may answer others.
    ///   - leave: asked at most once, under the lock, if the ticket waits still: gives its answer, and may answer
    ///     others that go on in its place.
    public func wait(
        until deadline: ContinuousClock.Instant? = nil, cancelled: Answer,
        arrive: (inout State, Ticket) -> (Arrival, Answers),
        leave: @escaping Leave
    ) async -> Answer {
        let ticket = guarded.withLockedValue { guarded in
            guarded.lastTicket += 1
            return guarded.lastTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let since = clock.now()
                let timer = { deadline.map { self.timer(ticket, deadline: $0, leave) } }
                let (answer, others) = guarded.withLockedValue { guarded -> (Answer?, [(Waiter, Answer)]) in
                    // Seen here, under the lock; or the handler comes later and finds the ticket.
                    if Task.isCancelled { return (cancelled, []) }
                    let (arrival, others) = arrive(&guarded.state, ticket)
                    if case .answered(let answer) = arrival { return (answer, guarded.take(others)) }
                    guarded.waiters[ticket] = Waiter(continuation: continuation, since: since, timer: timer())
                    return (nil, guarded.take(others))
                }
                if let answer { continuation.resume(returning: answer) }
                resume(others)
            }
        } onCancel: {
            end(ticket, isLate: false, leave)
        }
    }

    private func timer(
        _ ticket: Ticket, deadline: ContinuousClock.Instant, _ leave: @escaping Leave
    ) -> Task<Void, Never> {
        Task { [clock, weak self] in
            // A sleep that is cut short belongs to a ticket that was answered.
            guard (try? await clock.sleep(deadline)) != nil else { return }
            self?.end(ticket, isLate: true, leave)
        }
    }

    private func end(_ ticket: Ticket, isLate: Bool, _ leave: Leave) {
        let now = clock.now()
        resume(
            guarded.withLockedValue { guarded in
                guard let since = guarded.waiters[ticket]?.since else { return [] }
                let (answer, others) = leave(&guarded.state, ticket, isLate ? .late(waited: now - since) : .cancelled)
                return guarded.take([(ticket, answer)] + others)
            })
    }

    private func resume(_ answered: [(Waiter, Answer)]) {
        for (waiter, answer) in answered {
            waiter.timer?.cancel()
            waiter.continuation.resume(returning: answer)
        }
    }
}

/// Why a task leaves a ``WaitList`` before its ticket was answered.
public enum WaitDeparture: Sendable {
    /// The task was cancelled.
    case cancelled
    /// The deadline has passed, after the task waited so long.
    case late(waited: Duration)
}
