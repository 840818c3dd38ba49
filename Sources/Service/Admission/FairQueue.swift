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

    private let waits: WaitList<FairQueueState<Client>, Result<Void, AdmissionRejection>>
    private let clock: AdmissionClock

    /// - Precondition: no limit is negative, and permits and pace are more than 0.
    public init(_ limits: Limits, clock: AdmissionClock = .continuous) {
        waits = WaitList(FairQueueState(limits), clock: clock)
        self.clock = clock
    }

    /// All counts, taken at the same moment.
    public var usage: Usage {
        let now = clock.now()
        return waits.withState {
            Usage(
                permits: $0.permits, heldBytes: $0.allHeldBytes, waiting: $0.waiting,
                oldestWaitingSeconds: $0.oldestAge(now: now).inSeconds)
        }
    }

    /// Waits for a permit, until `deadline` at most.
    ///
    /// - Throws: ``AdmissionRejection``: at once if the queue is full or the job's bytes exceed the limit; later if the
    ///   deadline passes, a client with less work waiting comes, or the task is cancelled.
    public func acquire(_ job: Job, deadline: ContinuousClock.Instant) async throws(AdmissionRejection) -> Permit {
        let now = clock.now()
        let answer = await waits.wait(until: deadline, cancelled: .failure(.cancelled)) { state, ticket in
            let (answer, displaced) = state.arrive(job, ticket, now: now)
            let rejection = AdmissionRejection.displaced(retryAfterSeconds: state.secondsToDrain)
            let others = displaced.map { ($0, Result<Void, AdmissionRejection>.failure(rejection)) }
            return switch answer {
            case .granted: (.answered(.success(())), others)
            case .rejected(let rejection): (.answered(.failure(rejection)), others)
            case .queued: (.waits, others)
            }
        } leave: { [clock] state, ticket, departure in
            let granted = state.withdraw(ticket, now: clock.now()) ?? []
            let rejection: AdmissionRejection =
                switch departure {
                case .cancelled: .cancelled
                case .late: .tooLate(retryAfterSeconds: state.secondsToDrain)
                }
            return (.failure(rejection), granted.map { ($0, .success(())) })
        }
        try answer.get()
        return Permit(job, self)
    }

    private func step(_ event: (inout FairQueueState<Client>, ContinuousClock.Instant) -> [Int]) {
        let now = clock.now()
        waits.update { state in event(&state, now).map { ($0, .success(())) } }
    }
}
