public import Admission
import ImageCodecs

/// Runs codecs: first room for the file, then the memory of its pixels, then a thread, each waited for up to a deadline.
public struct CodecWorkers: Sendable {
    private let files: ByteBudget
    private let memory: ByteBudget
    private let pool: WorkerPool
    /// How long work may wait for its turn.
    private let patience: Duration
    /// How long work may take once it has its turn.
    private let timeLimit: Duration

    /// - Parameters:
    ///   - memoryBytes: what decoding and encoding may take at once. Whole files that are read for it, or wait for their
    ///     turn, may take a quarter of that besides.
    ///   - queueLimit: how much work may wait for memory.
    ///   - timeLimit: how long work may take once it has its turn; then it is told to stop, which it does between rows.
    public init(
        memoryBytes: Int, queueLimit: Int, pool: WorkerPool, patience: Duration = .seconds(10),
        timeLimit: Duration = .seconds(30)
    ) {
        // No buffer holds more than 32 bits count.
        files = ByteBudget(limit: min(memoryBytes / 4, Int(UInt32.max)), queueLimit: queueLimit)
        memory = ByteBudget(limit: memoryBytes, queueLimit: queueLimit)
        self.pool = pool
        self.patience = patience
        self.timeLimit = timeLimit
    }

    /// Room for a file of so many bytes, to be taken before its first byte is read, and held until nothing of it, nor of
    /// what was made of it, is in memory any more.
    func admitFile(_ bytes: Int64) async throws(ServiceError) -> ByteBudget.Reservation {
        do {
            return try await files.acquire(Int(clamping: bytes), deadline: .now + patience)
        } catch .exceedsBudget(let limit) {
            throw .beyondLimit("This image has \(bytes) bytes; at most \(limit) can be transformed.")
        } catch {
            throw ServiceError(error)
        }
    }

    /// Runs `work`, which takes up to `bytes` of memory, on a thread of its own.
    func run<Value: Sendable>(
        bytes: Int, _ work: @escaping @Sendable (CancelFlag) throws -> Value
    ) async throws(ServiceError) -> Value {
        let deadline = ContinuousClock.now + patience
        let timeLimit = timeLimit
        do {
            return try await memory.withBytes(bytes, deadline: deadline) {
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
            throw .beyondLimit("Decoding this image takes \(bytes) bytes of memory; at most \(limit) are allowed.")
        } catch let error as AdmissionError {
            throw ServiceError(error)
        } catch let error as CodecError {
            throw .unprocessable(error)
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .defect(error)
        }
    }

    /// What runs and what waits, for room, for memory or for a thread.
    public struct Usage: Sendable {
        public var queued: Int
        public var running: Int
        /// How long the first of those that wait has waited.
        public var oldestQueuedSeconds: Double
    }

    public var usage: Usage {
        let (files, memory, pool) = (files.usage, memory.usage, pool.usage)
        return Usage(
            queued: files.waiting + memory.waiting + pool.queued, running: pool.running,
            oldestQueuedSeconds: max(files.oldestWaitingSeconds, memory.oldestWaitingSeconds, pool.oldestQueuedSeconds))
    }
}
