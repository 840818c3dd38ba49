import NIOConcurrencyHelpers
public import TaskSupport

/// Permits for work that all clients want at once, shared evenly between them, in front of which nobody waits in vain:
/// what by the recent pace will get no permit in time is refused on arrival.
///
/// The rule stands in one pure state machine; this is the lock, the clock and those who wait.
public final class FairQueue<Client: Hashable & Sendable>: Sendable {
    /// What is asked for.
    public struct Job: Sendable {
        /// Who asks. Clients share permits evenly by cost.
        public var client: Client
        /// Bytes that the job holds from its permit until ``Permit/release()``; not negative.
        public var heldBytes: Int
        /// How much work it is, in bytes; not negative.
        public var cost: Int
        /// Bytes of memory that the work takes while it has its permit; not negative.
        public var load: Int
        /// Whether it has been given a permit elsewhere, and asks only for memory.
        public var hasPermit: Bool

        /// - Parameter load: nil: as much as the cost.
        public init(client: Client, heldBytes: Int, cost: Int, load: Int? = nil, hasPermit: Bool = false) {
            self.client = client
            self.heldBytes = heldBytes
            self.cost = cost
            self.load = load ?? cost
            self.hasPermit = hasPermit
        }
    }

    /// What bounds the queue.
    public struct Limits: Sendable {
        /// Jobs that may have a permit at once; at least 1.
        public var permits: Int
        /// More may, while the load of all of them together is no more bytes than this.
        public var load: Int
        /// Fewer may, where their load would be more bytes than this together; one alone may have any.
        public var memory: Int
        /// Bytes that may be held at once.
        public var heldBytes: Int
        /// Jobs that may wait.
        public var queue: Int
        /// A job is taken in where what stands before it is done within this, by the recent pace.
        public var wait: Duration
        /// The pace, in bytes of work a second, that is believed until it is known; more than 0.
        public var pace: Double

        /// Limits as they are described at each property. Checks no range.
        public init(
            permits: Int, load: Int, memory: Int = .max, heldBytes: Int, queue: Int, wait: Duration, pace: Double
        ) {
            self.permits = permits
            self.load = load
            self.memory = memory
            self.heldBytes = heldBytes
            self.queue = queue
            self.wait = wait
            self.pace = pace
        }
    }

    /// Counts for metrics and readiness.
    public struct Usage: Sendable, Hashable {
        /// Jobs that have a permit.
        public let permits: Int
        /// Bytes that are held.
        public let heldBytes: Int
        /// Jobs that wait.
        public let waiting: Int
        /// How long the one that waits longest has waited, in seconds; 0 if none waits.
        public let oldestWaitingSeconds: Double
    }

    /// A permit, and the bytes that it holds. Both end at the latest when the last reference goes.
    public final class Permit: Sendable {
        private let job: Job
        private let queue: FairQueue
        private let held = NIOLockedValueBox((permit: true, heldBytes: true))

        fileprivate init(_ job: Job, _ queue: FairQueue) {
            self.job = job
            self.queue = queue
        }

        deinit {
            release()
        }

        /// Lets the next one have a permit; the bytes are kept. Calling it again does nothing.
        public func endWork() {
            let was = held.withLockedValue { held in
                defer { held.permit = false }
                return held.permit
            }
            if was { queue.step { $0.endWork(job, now: $1) } }
        }

        /// Gives the bytes back, and the permit. Calling it again does nothing.
        public func release() {
            endWork()
            let was = held.withLockedValue { held in
                defer { held.heldBytes = false }
                return held.heldBytes
            }
            if was { queue.step { $0.release(job.heldBytes, now: $1) } }
        }
    }

    private typealias Continuation = CheckedContinuation<AdmissionRejection?, Never>

    private struct Guarded {
        var state: FairQueueState<Client>
        var continuations: [Int: Continuation] = [:]
        /// One sleeping task per waiting job, which ends the wait at its deadline.
        var timers: [Int: Task<Void, Never>] = [:]

        mutating func take(_ ticket: Int) -> Continuation? {
            timers.removeValue(forKey: ticket)?.cancel()
            return continuations.removeValue(forKey: ticket)
        }
    }

    private let guarded: NIOLockedValueBox<Guarded>
    private let clock: AdmissionClock

    /// - Precondition: no limit is negative, and permits and pace are more than 0.
    public init(_ limits: Limits, clock: AdmissionClock = .continuous) {
        guarded = NIOLockedValueBox(Guarded(state: FairQueueState(limits)))
        self.clock = clock
    }

    /// All counts, of one moment.
    public var usage: Usage {
        let now = clock.now()
        return guarded.withLockedValue {
            Usage(
                permits: $0.state.permits, heldBytes: $0.state.allHeldBytes, waiting: $0.state.waiting,
                oldestWaitingSeconds: $0.state.oldestAge(now: now).inSeconds)
        }
    }

    /// Waits for a permit, until `deadline` at most.
    ///
    /// - Throws: ``AdmissionRejection``: at once where the queue is full or there are never so many bytes; later where
    ///   the
    ///   deadline passes, a client with less waiting comes, or the task is cancelled.
    public func acquire(_ job: Job, deadline: ContinuousClock.Instant) async throws(AdmissionRejection) -> Permit {
        let ticket = guarded.withLockedValue { $0.state.nextTicket() }
        let refusal = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Continuation) in
                enter(job, ticket, deadline: deadline, continuation)
            }
        } onCancel: {
            withdraw(ticket) { _ in .cancelled }
        }
        if let refusal { throw refusal }
        return Permit(job, self)
    }

    private func enter(
        _ job: Job, _ ticket: Int, deadline: ContinuousClock.Instant,
        _ continuation: Continuation
    ) {
        let now = clock.now()
        let (answer, displaced, refusal) = guarded.withLockedValue {
            guarded -> (FairQueueState<Client>.Answer, [Continuation], AdmissionRejection) in
            // Seen here, under the lock, or else the handler comes later and finds the ticket.
            if Task.isCancelled { return (.refused(.cancelled), [], .cancelled) }
            let (answer, displaced) = guarded.state.arrive(job, ticket, now: now)
            if answer == .queued {
                guarded.continuations[ticket] = continuation
                guarded.timers[ticket] = timer(ticket, deadline: deadline)
            }
            return (
                answer, displaced.compactMap { guarded.take($0) },
                .displaced(retryAfterSeconds: guarded.state.secondsToDrain)
            )
        }
        switch answer {
        case .granted: continuation.resume(returning: nil)
        case .refused(let refusal): continuation.resume(returning: refusal)
        case .queued: break
        }
        for continuation in displaced { continuation.resume(returning: refusal) }
    }

    private func timer(_ ticket: Int, deadline: ContinuousClock.Instant) -> Task<Void, Never> {
        let clock = clock
        return Task { [weak self] in
            // A sleep that is cut short belongs to a job that waits no more.
            guard (try? await clock.sleep(deadline)) != nil else { return }
            self?.withdraw(ticket) { .tooLate(retryAfterSeconds: $0) }
        }
    }

    private func withdraw(_ ticket: Int, refusal: (_ secondsToDrain: Int) -> AdmissionRejection) {
        let now = clock.now()
        let (refused, error, granted) = guarded.withLockedValue {
            guarded -> (Continuation?, AdmissionRejection, [Continuation]) in
            guard let granted = guarded.state.withdraw(ticket, now: now) else { return (nil, .cancelled, []) }
            return (
                guarded.take(ticket), refusal(guarded.state.secondsToDrain), granted.compactMap { guarded.take($0) }
            )
        }
        refused?.resume(returning: error)
        for continuation in granted { continuation.resume(returning: nil) }
    }

    private func step(_ event: (inout FairQueueState<Client>, ContinuousClock.Instant) -> [Int]) {
        let now = clock.now()
        let granted = guarded.withLockedValue { guarded in
            event(&guarded.state, now).compactMap { guarded.take($0) }
        }
        for continuation in granted { continuation.resume(returning: nil) }
    }
}
