public import TaskSupport

/// Dedicated threads for work that keeps a processor busy: a bounded queue, a deadline for the wait in it, and
/// cancellation of what waits and of what runs.
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
    ///   - queueLimit: jobs that may wait while all threads are busy; one more is refused at once.
    ///   - name: of the threads, for debuggers and `top`; 12 bytes of it are seen.
    ///   - niceness: how far the threads give way to the process's others, on Linux: 0, not at all, to 19. Without it
    ///     as many of them as there are cores leave every event loop half a core, and a request that takes a tenth of a
    ///     millisecond waits for one for several.
    public init(
        threads: Int, queueLimit: Int, name: String, niceness: CInt = 0, clock: AdmissionClock = .continuous
    ) {
        self.core = WorkerPoolCore(threads: threads, queueLimit: queueLimit, clock: clock)
        core.start(name: name, niceness: niceness)
    }

    deinit {
        core.beginShutdown(cancelRunning: true)
    }

    /// All counts, of one moment.
    public var usage: Usage { core.usage }

    /// Runs `work` on one of the threads and returns its result.
    ///
    /// If the task is cancelled while the work waits, it never begins. If it is cancelled while the work runs, the
    /// work's ``Cancellation`` is set; the work should then throw soon, and whatever it throws becomes
    /// ``AdmissionError/cancelled``. The thread is given back only when the work has returned.
    /// - Parameter deadline: until when the work must have begun. It is not interrupted after that.
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
                    refuse: { continuation.resume(throwing: $0) }
                )
            }
        } onCancel: {
            core.cancel(ticket)
        }
    }

    /// Takes no more work, refuses what waits with ``AdmissionError/shuttingDown``, and returns when what runs has
    /// ended and all threads are gone. May be called more than once.
    /// - Parameter cancelRunning: whether running work is told to stop.
    public func shutdown(cancelRunning: Bool = false) async {
        core.beginShutdown(cancelRunning: cancelRunning)
        await core.waitForThreads()
    }
}
