public import TaskSupport

/// Dedicated threads for work that keeps a processor busy. The queue is bounded, each wait has a deadline, and waiting
/// and running work can be cancelled.
public final class WorkerPool: Sendable {
    /// Counts for metrics and readiness.
    public struct Usage: Sendable, Hashable {
        /// Threads of the pool.
        public let threads: Int
        /// Jobs that wait for a thread.
        public let queued: Int
        /// Jobs that run.
        public let running: Int
        /// How long the job at the head of the queue has waited, in seconds; 0 if none waits.
        public let oldestQueuedSeconds: Double
    }

    private let core: WorkerPoolCore

    /// Starts the threads.
    /// - Parameters:
    ///   - threads: at least 1.
    ///   - queueLimit: jobs that may wait while all threads are busy; one more is rejected at once.
    ///   - name: of the threads, for debuggers and `top`, which show 12 bytes of it.
    ///   - niceness: how far the threads give way to the process's others, on Linux: 0 (not at all) to 19. At 0, as
    ///     many threads as cores leave every event loop half a core, and a request of a tenth of a millisecond waits
    ///     several milliseconds.
    public init(
        threads: Int, queueLimit: Int, name: String, niceness: CInt = 0, clock: AdmissionClock = .continuous
    ) {
        self.core = WorkerPoolCore(threads: threads, queueLimit: queueLimit, clock: clock)
        core.start(name: name, niceness: niceness)
    }

    deinit {
        core.beginShutdown(cancelRunning: true)
    }

    /// All counts, taken at the same moment.
    public var usage: Usage { core.usage }

    /// Runs `work` on one of the threads and returns its result.
    ///
    /// If the task is cancelled while the work waits, the work never begins. If the task is cancelled while the work
    /// runs, the work's ``Cancellation`` is set; the work should then throw soon, and whatever it throws becomes
    /// ``AdmissionError/cancelled``. The thread is free again only when the work has returned.
    /// - Parameter deadline: when the work must have begun. Work that has begun is not interrupted.
    /// - Throws: ``AdmissionError/overloaded(retryAfterSeconds:)`` if the queue is full or the deadline passes,
    ///   ``AdmissionError/cancelled``, ``AdmissionError/shuttingDown`` after ``shutdown(cancelRunning:)``, or what
    ///   `work` throws.
    public func run<Value: Sendable>(
        deadline: ContinuousClock.Instant, _ work: @escaping @Sendable (Cancellation) throws -> Value
    ) async throws -> Value {
        let ticket = core.nextTicket()
        let core = core
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                core.submit(
                    ticket, deadline: deadline,
                    run: { cancellation in
                        let result = Result { try work(cancellation) }
                        return {
                            if case .failure = result, cancellation.isCancelled {
                                continuation.resume(throwing: AdmissionError.cancelled)
                            } else {
                                continuation.resume(with: result)
                            }
                        }
                    },
                    reject: { continuation.resume(throwing: $0) }
                )
            }
        } onCancel: {
            core.cancel(ticket)
        }
    }

    /// Takes no more work and rejects waiting work with ``AdmissionError/shuttingDown``. Returns when running work has
    /// ended and all threads are gone. May be called more than once.
    /// - Parameter cancelRunning: whether running work is told to stop.
    public func shutdown(cancelRunning: Bool = false) async {
        core.beginShutdown(cancelRunning: cancelRunning)
        await core.waitForThreads()
    }
}
