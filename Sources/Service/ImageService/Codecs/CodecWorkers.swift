public import Admission
import ImageCodecs
public import TaskSupport

/// Runs codecs: first a permit, fairly between clients, with memory for the file; then the memory of its pixels, then a
/// thread.
///
/// The permit comes before the first byte of the file is read, and whoever would wait too long for it is refused there.
/// What has a permit is little, so that the waits for memory and for a thread behind it are short, first come, first
/// served; they are there because only the file itself tells how much memory it takes, and because uploads that are
/// rewritten need both as well.
public struct CodecWorkers: Sendable {
    typealias Permit = CodecAdmission.Permit

    private let permits: CodecAdmission
    private let memory: ByteBudget<ClientIdentity>
    private let pool: WorkerPool
    /// For work that takes long.
    private let longPool: WorkerPool
    /// How long work may wait for a permit, and then for memory and a thread.
    private let timeout: Duration
    /// How long work may take once it has a thread.
    private let timeLimit: Duration
    private let meter = AdmissionMetrics()
    private let clock: MonotonicClock

    /// Whoever waits for memory or a thread has had a permit, or as an upload the memory for its bytes: both are
    /// bounded, and to be refused now would waste what has been done.
    public static let unlimited = 1 << 20

    /// - Parameters:
    ///   - memoryBytes: what decoding and encoding may take at once. Whole files that are read for it may take a
    ///     quarter
    ///     of that besides.
    ///   - queueLimit: how much work may wait for a permit.
    ///   - pool: its own queue as good as ``unlimited``.
    ///   - longPool: the same, for work that takes long; its threads give way to those of the other.
    ///   - timeout: how long it may wait. It is let in where the recent pace says half of that, so that it is not
    ///     refused later when the pace falls.
    ///   - timeLimit: how long work may take once it has a thread; then it is told to stop, which it does between rows.
    public init(
        memoryBytes: Int, queueLimit: Int, pool: WorkerPool, longPool: WorkerPool, timeout: Duration = .seconds(6),
        timeLimit: Duration = .seconds(30), clock: MonotonicClock = .continuous
    ) {
        self.clock = clock
        permits = CodecAdmission(
            threads: pool.usage.threads, memoryBytes: memoryBytes, queueLimit: queueLimit, timeout: timeout,
            clock: clock)
        memory = ByteBudget(limit: memoryBytes, queueLimit: Self.unlimited, clock: clock)
        self.pool = pool
        self.longPool = longPool
        self.timeout = timeout
        self.timeLimit = timeLimit
    }

    /// A permit for this work, with memory for its file, to be taken before its first byte is read, and held until
    /// nothing of it is in memory any more.
    func admit(_ work: CodecWork, for requester: ClientIdentity = .unknown) async throws(ServiceError) -> Permit {
        CodecDemand.current?.note()
        let began = clock.now()
        do {
            let permit = try await permits.acquire(work, for: requester, deadline: began + timeout)
            meter.note(waited: clock.now() - began)
            return permit
        } catch {
            meter.note(error)
            switch error {
            case .full(let seconds), .displaced(let seconds), .tooLate(let seconds):
                throw .overloaded(retryAfter: seconds)
            case .exceedsHeldBytes(let limit):
                throw .beyondLimit("This image has \(work.file) bytes; at most \(limit) can be transformed.")
            case .cancelled: throw .cancelled
            }
        }
    }

    /// Runs `work`, which takes up to `bytes` of memory, on a thread of its own.
    ///
    /// - Parameters:
    ///   - permit: the one that the work has; nil: none.
    ///   - use: what it is for, in the words of the refusal where it takes more memory than there is.
    func run<Value: Sendable>(
        bytes: Int, in permit: Permit?, use: String = "Decoding this image",
        _ work: @escaping @Sendable (CancelFlag) throws -> Value
    ) async throws(ServiceError) -> Value {
        let deadline = clock.now() + timeout
        let timeLimit = timeLimit
        let pool = permit?.isLong == true ? longPool : pool
        do {
            return try await memory.withBytes(bytes, for: .unknown, deadline: deadline) {
                try await pool.run(deadline: deadline) { cancellation in
                    let flag = CancelFlag(timeLimit: timeLimit)
                    cancellation.onCancel { flag.cancel() }
                    do {
                        return try work(flag)
                    } catch  where flag.hasTimedOut {
                        throw ServiceError.tookTooLong(limit: timeLimit)
                    }
                }
            }
        } catch AdmissionError.exceedsBudget(let limit) {
            throw .beyondLimit("\(use) takes \(bytes) bytes of memory; at most \(limit) are allowed.")
        } catch let error as AdmissionError {
            if case .overloaded = error { meter.noteCrowded() }
            throw ServiceError(error)
        } catch let error as CodecError {
            CodecErrorMetrics.note(error)
            throw .unprocessable(error)
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .defect(error)
        }
    }

    /// What runs and what waits, for a permit, for memory or for a thread.
    public struct Usage: Sendable {
        /// Pieces of work that wait.
        public var queued: Int
        /// Pieces of work that threads run now.
        public var running: Int
        /// How long the first of those that wait has waited.
        public var oldestQueuedSeconds: Double
    }

    /// A snapshot for metrics and readiness; its numbers are read one after another.
    public var usage: Usage {
        let (memory, pool, longPool) = (memory.usage, pool.usage, longPool.usage)
        return Usage(
            queued: permits.waiting + memory.waiting + pool.queued + longPool.queued,
            running: pool.running + longPool.running,
            // Long work may wait for a permit, which tells nothing of how the others fare.
            oldestQueuedSeconds: max(
                permits.oldestWaitingSeconds, memory.oldestWaitingSeconds, pool.oldestQueuedSeconds))
    }

    /// Ends all work.
    public func shutdown() async {
        await pool.shutdown(cancelRunning: true)
        await longPool.shutdown(cancelRunning: true)
    }
}
