import NIOConcurrencyHelpers
public import TaskSupport

/// Permits for work that many clients want at once, shared evenly between them. A job that would get no permit in time,
/// at the recent pace, is rejected on arrival, so that it does not wait in vain.
///
/// A pure state machine decides; this class adds the lock, the clock and the waiting tasks.
public final class FairQueue<Client: Hashable & Sendable>: Sendable {
    /// One piece of work that asks for a permit.
    public struct Job: Sendable {
        /// The client that asks. Clients share permits evenly by cost.
        public var client: Client
        /// Bytes that the job holds from its permit until ``Permit/release()``; not negative.
        public var heldBytes: Int
        /// How much work it is, in bytes; not negative.
        public var cost: Int
        /// Bytes of memory that the work takes while it has its permit; not negative.
        public var load: Int
        /// Whether another queue has given the job a permit, so that it only asks for memory.
        public var hasPermit: Bool

        /// - Parameter load: nil means as much as the cost.
        public init(client: Client, heldBytes: Int, cost: Int, load: Int? = nil, hasPermit: Bool = false) {
            self.client = client
            self.heldBytes = heldBytes
            self.cost = cost
            self.load = load ?? cost
            self.hasPermit = hasPermit
        }
    }

    /// The limits of the queue.
    public struct Limits: Sendable {
        /// Jobs that may have a permit at once; at least 1.
        public var permits: Int
        /// More jobs may have a permit if the load of all of them together is at most so many bytes.
        public var load: Int
        /// The load of all jobs with a permit is at most so many bytes. A single job may have any load.
        public var memory: Int
        /// Bytes that may be held at once.
        public var heldBytes: Int
        /// Jobs that may wait.
        public var queue: Int
        /// A job is accepted if the work ahead of it is done within this time, at the recent pace.
        public var wait: Duration
        /// The pace, in bytes of work per second, that is assumed before there are measurements; more than 0.
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

    /// A permit, and the bytes that it holds. Both end with the last reference, if not earlier.
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

        /// Gives the permit to the next job, but keeps the bytes. A second call does nothing.
        public func endWork() {
            let was = held.withLockedValue { held in
                defer { held.permit = false }
                return held.permit
            }
            if was { queue.step { $0.endWork(job, now: $1) } }
        }

        /// Gives the bytes and the permit back. A second call does nothing.
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

    /// All counts, taken at the same moment.
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
    /// - Throws: ``AdmissionRejection``: at once if the queue is full or the job's bytes exceed the limit; later if the
    ///   deadline passes, a client with less work waiting comes, or the task is cancelled.
    public func acquire(_ job: Job, deadline: ContinuousClock.Instant) async throws(AdmissionRejection) -> Permit {
        let ticket = guarded.withLockedValue { $0.state.nextTicket() }
        let rejection = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Continuation) in
                enter(job, ticket, deadline: deadline, continuation)
            }
        } onCancel: {
            withdraw(ticket) { _ in .cancelled }
        }
        if let rejection { throw rejection }
        return Permit(job, self)
    }

    private func enter(
        _ job: Job, _ ticket: Int, deadline: ContinuousClock.Instant,
        _ continuation: Continuation
    ) {
        let now = clock.now()
        let (answer, displaced, rejection) = guarded.withLockedValue {
            guarded -> (FairQueueState<Client>.Answer, [Continuation], AdmissionRejection) in
            // Seen here, under the lock; otherwise the handler runs later and finds the ticket.
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
        case .refused(let rejection): continuation.resume(returning: rejection)
        case .queued: break
        }
        for continuation in displaced { continuation.resume(returning: rejection) }
    }

    private func timer(_ ticket: Int, deadline: ContinuousClock.Instant) -> Task<Void, Never> {
        let clock = clock
        return Task { [weak self] in
            // If the sleep is cancelled, its job no longer waits.
            guard (try? await clock.sleep(deadline)) != nil else { return }
            self?.withdraw(ticket) { .tooLate(retryAfterSeconds: $0) }
        }
    }

    private func withdraw(_ ticket: Int, rejection: (_ secondsToDrain: Int) -> AdmissionRejection) {
        let now = clock.now()
        let (refused, error, granted) = guarded.withLockedValue {
            guarded -> (Continuation?, AdmissionRejection, [Continuation]) in
            guard let granted = guarded.state.withdraw(ticket, now: now) else { return (nil, .cancelled, []) }
            return (
                guarded.take(ticket), rejection(guarded.state.secondsToDrain), granted.compactMap { guarded.take($0) }
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
