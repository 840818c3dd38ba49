import Admission
import ImageCodecs
import ImageModel
import Rendering
import TaskSupport

/// The estimated cost of a piece of work with a picture, from its record. Only an estimate: what objects say of
/// themselves may be wrong.
struct CodecWork: Sendable {
    /// Bytes of the file, which is read as a whole.
    var file: Int
    /// How much work it is: see ``RenderPlan/workBytes(info:spec:)``.
    var cost: Int
    /// Bytes of memory for the pixels and what is made of them, at any one time.
    var load: Int
    /// Pixels that are decoded and made, for the limit of its client.
    var pixels: Int

    /// How many times larger pixels are than their file, if nothing else is known: about the ratio of photos.
    private static let usualExpansion = 12
    /// Bytes that a pixel takes in memory.
    private static let pixelBytes = 4
    /// Larger values are cut to this, so that sums do not overflow: half an hour of one thread.
    private static let maximum = 1 << 40

    /// A file of so many bytes of which nothing else is known.
    init(file: Int64) {
        self.file = Int(clamping: file)
        let pixels = self.file.multipliedReportingOverflow(by: Self.usualExpansion)
        cost = min(pixels.overflow ? .max : pixels.partialValue, Self.maximum)
        load = cost
        self.pixels = cost / Self.pixelBytes
    }

    /// A picture that is decoded.
    ///
    /// - Parameter isStill: only the first frame of an animation is decoded.
    init(_ image: StoredImage, isStill: Bool) {
        self.init(file: image.size)
        guard let info = image.image else { return }
        let frames = isStill ? 1 : max(1, info.frames ?? 1)
        let (pixels, overflows) = info.size.pixels.multipliedReportingOverflow(by: frames)
        let most = Self.maximum / Self.pixelBytes
        self.pixels = overflows ? most : min(pixels, most)
        cost = max(file, self.pixels * Self.pixelBytes)
        load = cost
    }

    /// A rendition: what is read, and what is made of it.
    init(_ image: StoredImage, _ spec: RenditionSpec, limits: CodecLimits) {
        self.init(file: image.size)
        guard let info = image.image else { return }
        self.init(file: image.size, info, of: nil, spec, limits: limits)
    }

    /// The same for a file whose header is known, at least about.
    ///
    /// - Parameter original: the size of the original, if the file is an intermediate of it.
    init(file: Int64, _ info: ImageInfo, of original: PixelSize?, _ spec: RenditionSpec, limits: CodecLimits) {
        self.init(file: file)
        guard let plan = try? RenderPlan(info: info, of: original, spec: spec, limits: RenderLimits(codec: limits))
        else {
            // It fails as soon as its file has been read. It must not delay others until then.
            (cost, load, pixels) = (self.file, self.file, 0)
            return
        }
        cost = min(max(self.file, plan.workBytes(info: info, spec: spec)), Self.maximum)
        load = min(max(self.file, plan.pixelBytes(info: info)), Self.maximum)
        pixels = min(plan.pixels(info: info), Self.maximum / Self.pixelBytes)
    }

    /// A picture that is rotated or flipped.
    ///
    /// - Parameter info: from its record; nil if that says nothing.
    init(rotating file: Int64, _ info: ImageInfo?) {
        self.init(file: file)
        if let info {
            // Every pixel is read and written.
            let (pixels, overflows) = info.size.pixels.multipliedReportingOverflow(by: 2)
            self.pixels = overflows ? Self.maximum / Self.pixelBytes : min(pixels, Self.maximum / Self.pixelBytes)
        }
        // A JPEG's coefficients are moved; any other format is decoded and encoded without loss.
        guard let info, info.format != .jpeg else { return }
        let (pixels, overflows) = info.size.pixels.multipliedReportingOverflow(by: RenderPlan.losslessPrice)
        cost = min(max(self.file, overflows ? .max : pixels), Self.maximum)
    }
}

/// Decides which client's codec work runs next: one fair queue for short work, and one for long work.
///
/// A thread does not interrupt long work once it has begun. If a few such pieces could take all threads, everybody else
/// would wait for seconds: 30 large PNGs of a tiny picture were enough. So long work has permits and threads of its
/// own, which give way to the others. It takes all cores if there is nothing else to do, else what is left.
struct CodecAdmission: Sendable {
    /// A permit, and memory for the file.
    struct Permit: Sendable {
        fileprivate let lease: FairQueue<ClientIdentity>.Permit
        fileprivate let long: FairQueue<ClientIdentity>.Permit?

        /// Whether the work runs on the threads that give way.
        var isLong: Bool { long != nil }

        /// Gives the permit to the next job, but keeps the bytes.
        func endWork() {
            lease.endWork()
            long?.endWork()
        }

        /// Gives the memory and the permit back.
        func release() {
            lease.release()
            long?.release()
        }
    }

    private let permits: FairQueue<ClientIdentity>
    private let longPermits: FairQueue<ClientIdentity>
    private let memoryBytes: Int

    /// Bytes of work that a thread does per second, assumed before there are measurements: between a baseline JPEG
    /// (some 800 MB/s on the machine of docs/benchmarks.md) and a progressive one (110 MB/s).
    private static let paceOfThread = 512e6
    /// More work than this counts as long. By the estimates of `RenderPlan.workBytes` this is a quarter of a second:
    /// decoding a photo of 32 megapixels, or encoding a PNG of four or a WebP of two.
    static let longWork = 128_000_000

    init(threads: Int, memoryBytes: Int, queueLimit: Int, timeout: Duration, clock: MonotonicClock) {
        self.memoryBytes = memoryBytes
        let pace = Double(threads) * Self.paceOfThread
        permits = FairQueue(
            .init(
                // For each thread its present work and its next one.
                permits: 2 * threads,
                // More if pictures are small: else threads would wait for a slow store.
                load: memoryBytes / 2, memory: memoryBytes,
                // No buffer holds more than 32 bits can count.
                heldBytes: min(memoryBytes / 4, Int(UInt32.max)),
                queue: queueLimit, wait: timeout / 2, pace: pace),
            clock: clock)
        // Bytes are not asked for here. Half of the memory is left to the others, unless one job needs more.
        longPermits = FairQueue(
            .init(
                // One per thread: a job that waited for a thread would already hold its file in memory.
                permits: threads, load: 0, memory: memoryBytes / 2, heldBytes: 0, queue: queueLimit, wait: timeout / 2,
                pace: pace),
            clock: clock)
    }

    func acquire(
        _ work: CodecWork, for client: ClientIdentity, deadline: ContinuousClock.Instant
    ) async throws(AdmissionRejection) -> Permit {
        // Work that needs more memory than there is fails when its header is read.
        let load = min(max(work.file, work.load), memoryBytes)
        guard work.cost > Self.longWork else {
            let job = FairQueue.Job(client: client, heldBytes: work.file, cost: work.cost, load: load)
            return Permit(lease: try await permits.acquire(job, deadline: deadline), long: nil)
        }
        let long = try await longPermits.acquire(
            .init(client: client, heldBytes: 0, cost: work.cost, load: load), deadline: deadline)
        // It takes no permit of the other queue, and no job there is rejected because of it.
        let lease = try await permits.acquire(
            .init(client: client, heldBytes: work.file, cost: 0, load: load, hasPermit: true), deadline: deadline)
        return Permit(lease: lease, long: long)
    }

    /// How many jobs wait.
    var waiting: Int { permits.usage.waiting + longPermits.usage.waiting }

    /// How long the first waiting job of the short queue has waited, in seconds.
    var oldestWaitingSeconds: Double { permits.usage.oldestWaitingSeconds }
}
