import Admission
import ImageCodecs
import ImageModel
import Rendering
import TaskSupport

/// What a piece of work with a picture is going to take, as far as its record tells. It is not to be believed more than
/// that: what objects say of themselves may be wrong.
struct CodecWork: Sendable {
    /// Bytes of the file, which is read whole.
    var file: Int
    /// How much work it is: see ``RenderPlan/workBytes(info:spec:)``.
    var cost: Int
    /// Bytes that its pixels, and what is made of them, take at one time.
    var load: Int

    /// How much larger pixels are than their file, where nothing is known of them: about what photos come to.
    private static let usualExpansion = 12
    /// What a pixel takes in memory, in bytes.
    private static let pixelBytes = 4
    /// No more than this counts, so that sums of them stay numbers: half an hour of one thread.
    private static let maximum = 1 << 40

    /// A file of so many bytes, of which nothing else is known.
    init(file: Int64) {
        self.file = Int(clamping: file)
        let pixels = self.file.multipliedReportingOverflow(by: Self.usualExpansion)
        cost = min(pixels.overflow ? .max : pixels.partialValue, Self.maximum)
        load = cost
    }

    /// A picture that is decoded.
    ///
    /// - Parameter isStill: only the first picture of an animation is looked at.
    init(_ image: StoredImage, isStill: Bool) {
        self.init(file: image.size)
        guard let info = image.image else { return }
        let frames = isStill ? 1 : max(1, info.frames ?? 1)
        let (pixels, overflows) = info.size.pixels.multipliedReportingOverflow(by: frames)
        let most = Self.maximum / Self.pixelBytes
        cost = max(file, (overflows ? most : min(pixels, most)) * Self.pixelBytes)
        load = cost
    }

    /// A rendition: what is read, and what is made of it.
    init(_ image: StoredImage, _ spec: RenditionSpec, limits: CodecLimits) {
        self.init(file: image.size)
        guard let info = image.image else { return }
        self.init(file: image.size, info, of: nil, spec, limits: limits)
    }

    /// The same of a file of which the header is known, or about known.
    ///
    /// - Parameter original: the size of the original, where the file is an intermediate of it.
    init(file: Int64, _ info: ImageInfo, of original: PixelSize?, _ spec: RenditionSpec, limits: CodecLimits) {
        self.init(file: file)
        guard let plan = try? RenderPlan(info: info, of: original, spec: spec, limits: RenderLimits(codec: limits))
        else {
            // It fails as soon as its file has been read, and is not to hold up anybody until then.
            (cost, load) = (self.file, self.file)
            return
        }
        cost = min(max(self.file, plan.workBytes(info: info, spec: spec)), Self.maximum)
        load = min(max(self.file, plan.pixelBytes(info: info)), Self.maximum)
    }

    /// A picture that is turned.
    ///
    /// - Parameter info: what its record says; nil: nothing.
    init(turning file: Int64, _ info: ImageInfo?) {
        self.init(file: file)
        // What moves in a JPEG are its coefficients; what else there is, is decoded and encoded without loss.
        guard let info, info.format != .jpeg else { return }
        let (pixels, overflows) = info.size.pixels.multipliedReportingOverflow(by: RenderPlan.losslessPrice)
        cost = min(max(self.file, overflows ? .max : pixels), Self.maximum)
    }
}

/// Who works at pictures next: a fair queue for what is done in a moment, and one for what takes long.
///
/// A thread that has begun a long piece of work gives it up for nobody. Where a few of them could take all threads,
/// everybody else waited for seconds: 30 large PNGs of a tiny picture were enough. So long work has permits and threads
/// of its own, which give way to the others: where nothing else is to be done it takes all cores, else what is left.
struct CodecAdmission: Sendable {
    /// A permit, and memory for the file.
    struct Permit: Sendable {
        fileprivate let lease: FairQueue<ClientIdentity>.Permit
        fileprivate let long: FairQueue<ClientIdentity>.Permit?

        /// Whether it is the work of the threads that give way.
        var isLong: Bool { long != nil }

        /// Lets the next one have a permit; the bytes are kept.
        func endWork() {
            lease.endWork()
            long?.endWork()
        }

        /// Gives the memory back, and the permit.
        func release() {
            lease.release()
            long?.release()
        }
    }

    private let permits: FairQueue<ClientIdentity>
    private let longPermits: FairQueue<ClientIdentity>
    private let memoryBytes: Int

    /// Work that a thread gets done in a second, until it is known: between a baseline JPEG (some 800 MB/s on the
    /// machine of docs/benchmarks.md) and a progressive one (110 MB/s).
    private static let paceOfThread = 512e6
    /// More work than this is long: by the estimates of `RenderPlan.workBytes` a quarter of a second, or a photo of 32
    /// megapixels that is decoded, a PNG of four or a WebP of two that is made.
    static let longWork = 128_000_000

    init(threads: Int, memoryBytes: Int, queueLimit: Int, timeout: Duration, clock: MonotonicClock) {
        self.memoryBytes = memoryBytes
        let pace = Double(threads) * Self.paceOfThread
        permits = FairQueue(
            .init(
                // For each thread what it works at, and what it does next.
                permits: 2 * threads,
                // More where pictures are small, or else threads would wait for a store that takes its time.
                load: memoryBytes / 2, memory: memoryBytes,
                // No buffer holds more than 32 bits count.
                heldBytes: min(memoryBytes / 4, Int(UInt32.max)),
                queue: queueLimit, wait: timeout / 2, pace: pace),
            clock: clock)
        // Bytes are not asked for here. Half of the memory is left to the others, but for one that needs more.
        longPermits = FairQueue(
            .init(
                // No more than there are threads: who waited for one would have read the file already.
                permits: threads, load: 0, memory: memoryBytes / 2, heldBytes: 0, queue: queueLimit, wait: timeout / 2,
                pace: pace),
            clock: clock)
    }

    func acquire(
        _ work: CodecWork, for requester: ClientIdentity, deadline: ContinuousClock.Instant
    ) async throws(AdmissionRejection) -> Permit {
        // What needs more memory than there is will be refused when its header is read.
        let load = min(max(work.file, work.load), memoryBytes)
        guard work.cost > Self.longWork else {
            let job = FairQueue.Job(client: requester, heldBytes: work.file, cost: work.cost, load: load)
            return Permit(lease: try await permits.acquire(job, deadline: deadline), long: nil)
        }
        let long = try await longPermits.acquire(
            .init(client: requester, heldBytes: 0, cost: work.cost, load: load), deadline: deadline)
        // It takes none of the others' permits, and nobody of them is refused for its work.
        let lease = try await permits.acquire(
            .init(client: requester, heldBytes: work.file, cost: 0, load: load, hasPermit: true), deadline: deadline)
        return Permit(lease: lease, long: long)
    }

    /// How many wait.
    var waiting: Int { permits.usage.waiting + longPermits.usage.waiting }

    /// How long the first of those has waited that are no long work, in seconds.
    var oldestWaitingSeconds: Double { permits.usage.oldestWaitingSeconds }
}
