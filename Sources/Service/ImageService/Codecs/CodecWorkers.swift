public import Admission
import ImageCodecs
public import TaskSupport

/// Runs codecs. Work first gets a permit, shared fairly between clients, with memory for the file; then memory for its
/// pixels, then a thread.
///
/// - The permit comes before the first byte of the file is read. Work that would wait too long is rejected there.
/// - Few jobs have a permit, so the waits for memory and for a thread are short, in the order of arrival. They are
///   needed because only the file itself tells how much memory it takes, and because uploads that are rewritten need
///   both as well.
public struct CodecWorkers: Sendable {
    typealias Permit = CodecAdmission.Permit

    private let permits: CodecAdmission
    private let memory: ByteBudget<ClientIdentity>
    private let pool: WorkerPool
    /// For work that takes long.
    private let longPool: WorkerPool
    /// How long work may wait for a permit, and after that for memory and a thread.
    private let timeout: Duration
    /// How long work may take once it has a thread.
    private let timeLimit: Duration
    private let pixels: (any PixelLimit)?
    private let meter = AdmissionMetrics()
    private let clock: MonotonicClock

    /// A queue length without effect. All work that waits for memory or a thread already has a permit or, for an
    /// upload, the memory for its bytes. Both are bounded, and a rejection now would waste what has been done.
    public static let unlimited = 1 << 20

    /// - Parameters:
    ///   - memoryBytes: what decoding and encoding may take at once. Whole files that are read for it may take a
    ///     quarter of that in addition.
    ///   - queueLimit: how many jobs may wait for a permit.
    ///   - pool: its queue limit should be ``unlimited``.
    ///   - longPool: the same, for long work; its threads give way to those of the other pool.
    ///   - timeout: how long work may wait. It is accepted if the recent pace promises half of that, so that it is not
    ///     rejected later when the pace falls.
    ///   - timeLimit: how long work may take once it has a thread; then it is told to stop, which it does between rows.
    ///   - pixels: limits the work of each client; nil: nothing does.
    public init(
        memoryBytes: Int, queueLimit: Int, pool: WorkerPool, longPool: WorkerPool, timeout: Duration = .seconds(6),
        timeLimit: Duration = .seconds(30), pixels: (any PixelLimit)? = nil, clock: MonotonicClock = .continuous
    ) {
        self.clock = clock
        self.pixels = pixels
        permits = CodecAdmission(
            threads: pool.usage.threads, memoryBytes: memoryBytes, queueLimit: queueLimit, timeout: timeout,
            clock: clock)
        memory = ByteBudget(limit: memoryBytes, queueLimit: Self.unlimited, clock: clock)
        self.pool = pool
        self.longPool = longPool
        self.timeout = timeout
        self.timeLimit = timeLimit
    }

    /// Gets a permit for this work, with memory for its file. To be called before the first byte is read; the permit is
    /// held until nothing of the work is in memory any more.
    ///
    /// - Parameter isCounted: false if the client has paid for this work already.
    func admit(
        _ work: CodecWork, for client: ClientIdentity = .unknown, isCounted: Bool = true
    ) async throws(ServiceError) -> Permit {
        CodecDemand.current?.note()
        if isCounted, let rejection = pixels?.take(work.pixels, for: client) { throw .rateLimited(rejection) }
        let began = clock.now()
        do {
            let permit = try await permits.acquire(work, for: client, deadline: began + timeout)
            meter.note(waited: clock.now() - began)
            return permit
        } catch {
            meter.note(error)
            if isCounted { pixels?.giveBack(work.pixels, for: client) }
            switch error {
            case .full(let seconds), .displaced(let seconds), .tooLate(let seconds):
                throw .overloaded(retryAfter: seconds)
            case .exceedsHeldBytes(let limit):
                throw .beyondLimit("This image has \(work.file) bytes; at most \(limit) can be transformed.")
            case .cancelled: throw .cancelled
            }
        }
    }

    /// Runs `work`, which takes up to `bytes` of memory, on a codec thread.
    ///
    /// - Parameters:
    ///   - permit: the permit of this work; nil: none.
    ///   - use: the purpose, for the error text if the work needs more memory than there is.
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

    /// Work that runs, and work that waits for a permit, for memory or for a thread.
    public struct Usage: Sendable {
        /// Pieces of work that wait.
        public var queued: Int
        /// Pieces of work that threads run now.
        public var running: Int
        /// How long the first waiting job has waited.
        public var oldestQueuedSeconds: Double
    }

    /// A snapshot for metrics and readiness; its numbers are read one after another.
    public var usage: Usage {
        let (memory, pool, longPool) = (memory.usage, pool.usage, longPool.usage)
        return Usage(
            queued: permits.waiting + memory.waiting + pool.queued + longPool.queued,
            running: pool.running + longPool.running,
            // Long work may wait for a permit, which says nothing of the other queue.
            oldestQueuedSeconds: max(
                permits.oldestWaitingSeconds, memory.oldestWaitingSeconds, pool.oldestQueuedSeconds))
    }

    /// Stops all work.
    public func shutdown() async {
        await pool.shutdown(cancelRunning: true)
        await longPool.shutdown(cancelRunning: true)
    }
}
