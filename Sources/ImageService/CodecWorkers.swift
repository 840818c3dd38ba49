public import Admission
import ImageCodecs
import ImageModel
public import TaskSupport

/// Runs codecs: first a turn, fairly between clients, with room for the file; then the memory of its pixels, then a
/// thread.
///
/// The turn comes before the first byte of the file is read, and whoever would wait too long for it is refused there.
/// What has its turn is little, so that the waits for memory and for a thread behind it are short, first come, first
/// served; they are there because only the file itself tells how much memory it takes, and because uploads that are
/// rewritten need both as well.
public struct CodecWorkers: Sendable {
    /// A turn, and room for the file.
    typealias Turn = FairQueue<Requester>.Lease

    private let turns: FairQueue<Requester>
    private let memory: ByteBudget<Requester>
    private let pool: WorkerPool
    /// How long work may wait for its turn, and then for memory and a thread.
    private let patience: Duration
    /// How long work may take once it has a thread.
    private let timeLimit: Duration
    private let memoryBytes: Int
    private let meter = TurnMeter()
    private let clock: MonotonicClock

    /// Decoded bytes that a thread gets done in a second, until it is known: between a baseline JPEG (some 800 MB/s on
    /// the machine of docs/benchmarks.md) and a progressive one (110 MB/s).
    private static let paceOfThread = 512e6
    /// What a pixel takes in memory, in bytes.
    private static let pixelBytes = 4
    /// How much larger pixels are than their file, where nothing is known of them: about what photos come to.
    private static let usualExpansion = 12

    /// Whoever waits for memory or a thread has had a turn, or as an upload the room for its bytes: both are bounded, and
    /// to be refused now would waste what has been done.
    public static let unlimited = 1 << 20

    /// - Parameters:
    ///   - memoryBytes: what decoding and encoding may take at once. Whole files that are read for it may take a quarter
    ///     of that besides.
    ///   - queueLimit: how much work may wait for its turn.
    ///   - pool: its own queue as good as ``unlimited``.
    ///   - patience: how long it may wait. It is let in where the recent pace says half of that, so that it is not
    ///     refused later when the pace falls.
    ///   - timeLimit: how long work may take once it has a thread; then it is told to stop, which it does between rows.
    public init(
        memoryBytes: Int, queueLimit: Int, pool: WorkerPool, patience: Duration = .seconds(6),
        timeLimit: Duration = .seconds(30), clock: MonotonicClock = .continuous
    ) {
        self.clock = clock
        let threads = pool.usage.threads
        turns = FairQueue(
            .init(
                // For each thread what it works at, and what it does next.
                turns: 2 * threads,
                // More where pictures are small, or else threads would wait for a store that takes its time.
                load: memoryBytes / 2, memory: memoryBytes,
                // No buffer holds more than 32 bits count.
                room: min(memoryBytes / 4, Int(UInt32.max)),
                queue: queueLimit, wait: patience / 2, pace: Double(threads) * Self.paceOfThread),
            clock: clock)
        memory = ByteBudget(limit: memoryBytes, queueLimit: Self.unlimited, clock: clock)
        self.pool = pool
        self.memoryBytes = memoryBytes
        self.patience = patience
        self.timeLimit = timeLimit
    }

    /// A turn at this picture, with room for its file, to be taken before its first byte is read, and held until nothing
    /// of it is in memory any more.
    ///
    /// - Parameter isStill: only the first picture of an animation is looked at.
    func admit(
        _ image: StoredImage, isStill: Bool, for requester: Requester
    ) async throws(ServiceError) -> Turn {
        CodecDemand.current?.note()
        let decoded = image.image.map { info in
            let frames = isStill ? 1 : max(1, info.frames ?? 1)
            return frames.saturatingProduct(info.size.width, info.size.height, Self.pixelBytes)
        }
        return try await admitFile(image.size, decoded: decoded, for: requester)
    }

    /// The same for a file of so many bytes, of which is known at most how many bytes its pixels are.
    func admitFile(
        _ bytes: Int64, decoded: Int? = nil, for requester: Requester = .unknown
    ) async throws(ServiceError) -> Turn {
        let bytes = Int(clamping: bytes)
        let began = clock.now()
        do {
            let turn = try await turns.acquire(
                .init(
                    client: requester, room: bytes,
                    // What needs more memory than there is will be refused when its header is read; and what objects
                    // say of themselves is not to be believed.
                    cost: min(max(bytes, decoded ?? bytes.saturatingProduct(Self.usualExpansion)), memoryBytes)),
                deadline: began + patience)
            meter.note(waited: clock.now() - began)
            return turn
        } catch {
            meter.note(error)
            switch error {
            case .full(let seconds), .displaced(let seconds), .tooLate(let seconds):
                throw .overloaded(retryAfter: seconds)
            case .exceedsRoom(let limit):
                throw .beyondLimit("This image has \(bytes) bytes; at most \(limit) can be transformed.")
            case .cancelled: throw .cancelled
            }
        }
    }

    /// Runs `work`, which takes up to `bytes` of memory, on a thread of its own.
    ///
    /// - Parameter use: what it is for, in the words of the refusal where it takes more memory than there is.
    func run<Value: Sendable>(
        bytes: Int, use: String = "Decoding this image", _ work: @escaping @Sendable (CancelFlag) throws -> Value
    ) async throws(ServiceError) -> Value {
        let deadline = clock.now() + patience
        let timeLimit = timeLimit
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
            CodecFaults.note(error)
            throw .unprocessable(error)
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .defect(error)
        }
    }

    /// What runs and what waits, for a turn, for memory or for a thread.
    public struct Usage: Sendable {
        public var queued: Int
        public var running: Int
        /// How long the first of those that wait has waited.
        public var oldestQueuedSeconds: Double
    }

    public var usage: Usage {
        let (turns, memory, pool) = (turns.usage, memory.usage, pool.usage)
        return Usage(
            queued: turns.waiting + memory.waiting + pool.queued, running: pool.running,
            oldestQueuedSeconds: max(turns.oldestWaitingSeconds, memory.oldestWaitingSeconds, pool.oldestQueuedSeconds))
    }
}

extension Int {
    /// The product, or the largest number there is. All factors are positive.
    fileprivate func saturatingProduct(_ factors: Int...) -> Int {
        factors.reduce(self) { product, factor in
            let (value, overflows) = product.multipliedReportingOverflow(by: factor)
            return overflows ? .max : value
        }
    }
}
