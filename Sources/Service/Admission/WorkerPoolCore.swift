import NIOConcurrencyHelpers
import TaskSupport

/// What the threads of a ``WorkerPool`` share. Separate from the pool, so that the threads do not keep the pool alive.
///
/// `@unchecked Sendable`: every stored `var` is read and written only between `lock()` and `unlock(withValue:)` of
/// `condition`; the rest are constants of Sendable types.
final class WorkerPoolCore: @unchecked Sendable {
    typealias Ticket = WorkQueueState.Ticket

    private struct Job {
        /// Does the work. Returns a closure that delivers the result, to be called when the job counts as ended.
        let run: @Sendable (Cancellation) -> @Sendable () -> Void
        let reject: @Sendable (AdmissionError) -> Void
        let cancellation = Cancellation()
        var timer: Task<Void, Never>?
    }

    private let clock: AdmissionClock
    /// Guards everything below. Its value says whether a worker has something to do.
    private let condition = ConditionLock(value: false)
    private var state: WorkQueueState
    private var jobs: [Ticket: Job] = [:]
    private var liveThreads = 0
    private var exitWaiters: [CheckedContinuation<Void, Never>] = []

    init(threads: Int, queueLimit: Int, clock: AdmissionClock) {
        self.state = WorkQueueState(threads: threads, queueLimit: queueLimit)
        self.clock = clock
    }

    /// All access to the variables goes through here, so that the condition's value always follows the state.
    private func withState<Value>(_ body: () -> Value) -> Value {
        condition.lock()
        defer { condition.unlock(withValue: state.hasNews) }
        return body()
    }

    func start(name: String, niceness: CInt) {
        for index in 0..<state.threads {
            withState { liveThreads += 1 }
            let name = "\(String(decoding: name.utf8.prefix(12), as: UTF8.self))-\(index)"
            let error = WorkerThread.start(name: name, niceness: niceness) { self.workerMain() }
            // An error of the machine at start: without its threads the pool would let every caller wait forever.
            guard error == 0 else { fatalError("pthread_create failed with error number \(error)") }
        }
    }

    var usage: WorkerPool.Usage {
        let now = clock.now()
        return withState {
            let (seconds, attoseconds) = state.oldestAge(now: now).components
            return WorkerPool.Usage(
                threads: state.threads, queued: state.queued, running: state.running.count,
                oldestQueuedSeconds: Double(seconds) + Double(attoseconds) * 1e-18)
        }
    }

    func nextTicket() -> Ticket {
        withState { state.nextTicket() }
    }

    func submit(
        _ ticket: Ticket, deadline: ContinuousClock.Instant,
        run: @escaping @Sendable (Cancellation) -> @Sendable () -> Void,
        reject: @escaping @Sendable (AdmissionError) -> Void
    ) {
        let now = clock.now()
        let rejection: AdmissionError? = withState {
            // Seen here, under the lock; otherwise the handler runs later and finds the ticket.
            if Task.isCancelled { return .cancelled }
            switch state.submit(ticket, deadline: deadline, now: now) {
            case .failure(let error):
                return error
            case .success(let mustWait):
                var job = Job(run: run, reject: reject)
                if mustWait { job.timer = timer(ticket, deadline: deadline) }
                jobs[ticket] = job
                return nil
            }
        }
        if let rejection { reject(rejection) }
    }

    /// Takes a queued job out of the queue, or tells a running one to stop.
    func cancel(_ ticket: Ticket) {
        if withdraw(ticket, error: { _ in .cancelled }) { return }
        let running = withState { jobs[ticket]?.cancellation }
        running?.cancel()
    }

    func beginShutdown(cancelRunning: Bool) {
        let (rejected, running) = withState { () -> ([Job], [Cancellation]) in
            let rejected = state.shutDown().compactMap { jobs.removeValue(forKey: $0) }
            return (rejected, cancelRunning ? state.running.compactMap { jobs[$0]?.cancellation } : [])
        }
        for job in rejected {
            job.timer?.cancel()
            job.reject(.shuttingDown)
        }
        for cancellation in running { cancellation.cancel() }
    }

    func waitForThreads() async {
        await withCheckedContinuation { continuation in
            let areGone = withState {
                if liveThreads > 0 { exitWaiters.append(continuation) }
                return liveThreads == 0
            }
            if areGone { continuation.resume() }
        }
    }

    private func timer(_ ticket: Ticket, deadline: ContinuousClock.Instant) -> Task<Void, Never> {
        let clock = clock
        return Task { [weak self] in
            // If the sleep is cancelled, its job no longer waits.
            guard (try? await clock.sleep(deadline)) != nil else { return }
            _ = self?.withdraw(ticket) { .overloaded(waited: $0) }
        }
    }

    /// Removes a job from the queue and rejects it. Returns false if it is not queued.
    private func withdraw(_ ticket: Ticket, error: (Duration) -> AdmissionError) -> Bool {
        let now = clock.now()
        let withdrawn = withState { () -> (Job, AdmissionError)? in
            guard let waited = state.withdraw(ticket, now: now) else { return nil }
            return jobs.removeValue(forKey: ticket).map { ($0, error(waited)) }
        }
        guard let (job, rejection) = withdrawn else { return false }
        job.timer?.cancel()
        job.reject(rejection)
        return true
    }

    // MARK: - On the worker threads

    private func workerMain() {
        while let (ticket, job) = waitForJob() {
            job.timer?.cancel()
            let deliver = job.run(job.cancellation)
            withState {
                state.finish(ticket)
                jobs[ticket] = nil
            }
            // Only now, so that the thread is free when the caller gets the result.
            deliver()
        }
        let waiters = withState { () -> [CheckedContinuation<Void, Never>] in
            liveThreads -= 1
            guard liveThreads == 0 else { return [] }
            defer { exitWaiters = [] }
            return exitWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Blocks until there is a job. Nil means that the pool is shut down.
    private func waitForJob() -> (Ticket, Job)? {
        while true {
            condition.lock(whenValue: true)
            let next = state.next(now: clock.now())
            let expired = next.expired.compactMap { ticket, error in
                jobs.removeValue(forKey: ticket).map { ($0, error) }
            }
            let job = next.start.flatMap { ticket in jobs[ticket].map { (ticket, $0) } }
            let isShutDown = state.isShutDown
            condition.unlock(withValue: state.hasNews)

            for (job, error) in expired {
                job.timer?.cancel()
                job.reject(error)
            }
            if let job { return job }
            if isShutDown { return nil }
        }
    }
}
