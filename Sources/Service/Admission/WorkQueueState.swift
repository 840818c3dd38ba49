import DequeModule

/// The queue of a ``WorkerPool``, as a value: which jobs wait, which run, and which have waited too long.
struct WorkQueueState {
    typealias Ticket = Int

    private struct Job {
        let ticket: Ticket
        let since: ContinuousClock.Instant
        let deadline: ContinuousClock.Instant
    }

    /// What an idle worker should do.
    struct Next: Equatable {
        /// The job to run, if any.
        var start: Ticket?
        /// Jobs whose deadline had passed when their turn came, each with its error.
        var expired: [Ticket: AdmissionError] = [:]
    }

    let threads: Int
    let queueLimit: Int
    private var queue: Deque<Job> = []
    private(set) var running: Set<Ticket> = []
    private(set) var isShutDown = false
    private var lastTicket = 0

    init(threads: Int, queueLimit: Int) {
        precondition(threads > 0 && queueLimit >= 0, "a pool needs a thread, and a limit is not negative")
        self.threads = threads
        self.queueLimit = queueLimit
    }

    var queued: Int { queue.count }

    /// Whether a worker has something to do: run a job, or end.
    var hasNews: Bool { isShutDown || !queue.isEmpty }

    func oldestAge(now: ContinuousClock.Instant) -> Duration {
        queue.first.map { now - $0.since } ?? .zero
    }

    mutating func nextTicket() -> Ticket {
        lastTicket += 1
        return lastTicket
    }

    private var idleThreads: Int { max(0, threads - running.count) }

    /// Queues a job. A success says whether the job must wait because no thread is free.
    mutating func submit(
        _ ticket: Ticket, deadline: ContinuousClock.Instant, now: ContinuousClock.Instant
    ) -> Result<Bool, AdmissionError> {
        if isShutDown { return .failure(.shuttingDown) }
        // A job that a free thread is about to take does not count as waiting.
        guard queue.count < queueLimit + idleThreads, now < deadline else {
            return .failure(.overloaded(waited: oldestAge(now: now)))
        }
        queue.append(Job(ticket: ticket, since: now, deadline: deadline))
        return .success(queue.count > idleThreads)
    }

    mutating func next(now: ContinuousClock.Instant) -> Next {
        var next = Next()
        while let job = queue.popFirst() {
            if now < job.deadline {
                running.insert(job.ticket)
                next.start = job.ticket
                break
            }
            next.expired[job.ticket] = .overloaded(waited: now - job.since)
        }
        return next
    }

    mutating func finish(_ ticket: Ticket) {
        running.remove(ticket)
    }

    /// Removes a queued job. Returns nil if it is no longer queued; else how long it waited.
    mutating func withdraw(_ ticket: Ticket, now: ContinuousClock.Instant) -> Duration? {
        guard let index = queue.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return now - queue.remove(at: index).since
    }

    /// Rejects all queued and all later jobs. Does not touch running jobs.
    mutating func shutDown() -> [Ticket] {
        isShutDown = true
        defer { queue.removeAll() }
        return queue.map(\.ticket)
    }
}
