import Admission
import ImageCache
import ImageCodecs
public import ImageModel
public import NIOCore
public import ObjectStorage
import Rendering
public import TaskSupport
public import TextCoding

/// The use cases: upload, serve, render, rotate, delete, describe, list. Knows pictures and versions, but neither HTTP
/// nor S3.
public struct ImageService: Sendable {
    /// Limits, times and options of the service.
    public struct Configuration: Sendable {
        /// What an upload may be.
        public var uploads: UploadLimits
        /// All bytes that uploads together may hold in memory; at least two parts.
        public var uploadMemoryBytes: Int
        /// Bytes of the memory cache, overheads included.
        public var cacheBytes: Int
        /// How old an answer about a path may be before the store is asked again.
        public var revalidateAfter: Duration
        /// How much longer an old answer may be used while the store is away.
        public var staleFor: Duration
        /// For one storage operation. A write that failed is tried again only within this time.
        public var storageTimeout: Duration
        /// Which renditions are kept in the store; nil: none.
        public var keeping: RenditionStoreOptions?
        /// Bytes of answers that readers have not taken yet and no other budget counts.
        public var answerMemoryBytes: Int
        /// How long an answer waits for its part of those bytes.
        public var answerWait: Duration

        /// A configuration as described at each property. Checks no range.
        public init(
            uploads: UploadLimits, uploadMemoryBytes: Int, cacheBytes: Int, revalidateAfter: Duration,
            staleFor: Duration, storageTimeout: Duration, keeping: RenditionStoreOptions? = nil,
            answerMemoryBytes: Int = 256 << 20, answerWait: Duration = .seconds(6)
        ) {
            self.uploads = uploads
            self.uploadMemoryBytes = uploadMemoryBytes
            self.cacheBytes = cacheBytes
            self.revalidateAfter = revalidateAfter
            self.staleFor = staleFor
            self.storageTimeout = storageTimeout
            self.keeping = keeping
            self.answerMemoryBytes = answerMemoryBytes
            self.answerWait = answerWait
        }
    }

    private let health: StorageHealth
    private let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    let current: CurrentImages
    let originals: Originals
    let limits: UploadLimits
    let uploads: Uploads
    var rotation: Rotation
    private let deletion: Deletion
    private let renditions: Renditions
    private let extras: ExtrasStore
    private let derived: DerivedObjects
    private let listing: Listing
    private let listingAdmission: ListingAdmission
    private let answers: AnswerMemory
    /// Bytes for remembered requests: a sixteenth of the cache, as much as a single body may take.
    public let requestMemory: RequestMemory
    private static let requestsPart = 16

    /// - Parameter clock: for freshness, deadlines and pauses.
    public init(
        storage: any ObjectStorage, workers: CodecWorkers, configuration: Configuration,
        clock: MonotonicClock = .continuous
    ) {
        let health = StorageHealth()
        let storage = HealthTrackingStorage(storage, health: health)
        let requestMemory = RequestMemory(limit: configuration.cacheBytes / Self.requestsPart)
        self.requestMemory = requestMemory
        let cache = CurrentImages.Cache(
            bytes: configuration.cacheBytes, reserved: requestMemory.limit, replaces: { $0.replaces($1) },
            confirms: { $0.confirms($1) }, now: clock.now)
        let current = CurrentImages(
            storage: storage, cache: cache, health: health, revalidateAfter: configuration.revalidateAfter,
            staleFor: configuration.staleFor, clock: clock)
        let answers = AnswerMemory(
            bytes: configuration.answerMemoryBytes, timeout: configuration.answerWait, clock: clock)
        self.answers = answers
        let originals = Originals(storage: storage, cache: cache, current: current, answers: answers)
        let budget = UploadBudget<ClientIdentity>(
            totalBytes: configuration.uploadMemoryBytes, partBytes: storage.capabilities.partSize, stepBytes: 64 << 10,
            clock: clock)
        self.health = health
        self.storage = storage
        self.cache = cache
        self.current = current
        self.originals = originals
        let settlement = WriteSettlement(
            storage: storage, cache: cache, timeout: configuration.storageTimeout, clock: clock)
        let derived = DerivedObjects(storage: storage, clock: clock)
        self.derived = derived
        extras = ExtrasStore(
            objects: derived, cache: cache, originals: originals, workers: workers, limits: configuration.uploads)
        limits = configuration.uploads
        uploads = Uploads(
            receiver: BodyReceiver(
                storage: storage, budget: budget,
                rewriting: ByteBudget(
                    limit: min(configuration.uploadMemoryBytes, Int(UInt32.max)),
                    queueLimit: Self.maximumRewritesWaiting, share: configuration.uploadMemoryBytes / 4, clock: clock),
                workers: workers, limits: configuration.uploads, clock: clock),
            lookup: PriorVersionLookup(storage: storage),
            writer: UploadWriter(storage: storage, cache: cache, settlement: settlement), derived: derived)
        rotation = Rotation(
            storage: storage, cache: cache, settlement: settlement, workers: workers, derived: derived,
            limits: configuration.uploads)
        deletion = Deletion(storage: storage, settlement: settlement, derived: derived)
        renditions = Renditions(
            cache: cache, current: current, originals: originals, workers: workers, answers: answers,
            limits: configuration.uploads, keeping: configuration.keeping, derived: derived)
        listing = Listing(storage: storage)
        listingAdmission = ListingAdmission(clock: clock)
    }

    /// The clock for freshness, deadlines and pauses.
    public var clock: MonotonicClock { current.clock }

    // MARK: Reading

    /// The path's current version.
    ///
    /// - Parameter expected: the version that the URL names; if memory has another one, the store is asked first.
    public func locate(_ path: ImagePath, expecting expected: String? = nil) async throws(ServiceError) -> ResolvedImage
    {
        try await current.locate(path, expecting: expected)
    }

    /// The current version with all its bytes.
    ///
    /// - Parameter client: clients share the memory for answers evenly.
    public func open(
        _ path: ImagePath, expecting expected: String? = nil, for client: ClientIdentity = .unknown
    ) async throws(ServiceError) -> OpenedImage {
        try await originals.openWhole(path, expecting: expected, for: client)
    }

    /// A range of a version, or all of it.
    ///
    /// - Throws: ``ServiceError/preconditionFailed`` if that version is gone since it was resolved: locate again.
    public func open(
        _ resolved: ResolvedImage, range: ByteRange?, for client: ClientIdentity = .unknown
    ) async throws(ServiceError) -> OpenedImage {
        try await originals.open(resolved, range: range, for: client)
    }

    /// Counts an answer that is in memory already and that no other budget counts.
    public func admitAnswer(_ bytes: Int, for client: ClientIdentity) async throws(ServiceError) -> AnswerHold {
        AnswerHold(try await answers.admit(bytes, for: client))
    }

    /// The entity tag of a rendition of this version, without making it.
    public func renditionTag(_ image: StoredImage, _ spec: RenditionSpec) -> RenditionTag {
        renditions.tag(image, spec)
    }

    /// A request with its format decided and every default written out.
    public static func spec(_ request: RenditionRequest, format: ImageFormat) -> RenditionSpec {
        RenditionSpec(request, format: format, defaultQuality: Renderer.defaultQuality(for: format))
    }

    /// A rendition of this version.
    ///
    /// - Parameter client: clients share codec permits and the memory for answers evenly.
    /// - Throws: as ``open(_:range:)``, and what decoding throws.
    public func render(
        _ resolved: ResolvedImage, _ spec: RenditionSpec, for client: ClientIdentity = .unknown
    ) async throws(ServiceError) -> RenderedRendition {
        try await renditions.render(resolved, spec, for: client)
    }

    /// The format of a rendition of this version, without making it.
    ///
    /// - Throws: an error that the header alone shows.
    public func formatOfRendition(_ image: StoredImage, _ spec: RenditionSpec) throws(ServiceError) -> ImageFormat {
        // What the header does not tell, only rendering would show.
        guard let info = image.image else { return spec.format }
        do {
            return try RenderPlan(info: info, spec: spec, limits: RenderLimits(codec: limits.codec))
                .outputFormat(spec)
        } catch {
            throw ServiceError(error)
        }
    }

    /// The path's current version with what decides about its renditions: size, transparency, and whether it is an
    /// animation. To know the last, a PNG or WebP that was uploaded in parts or not through this server is read to its
    /// end once.
    public func locateForRendition(
        _ path: ImagePath, expecting expected: String? = nil
    ) async throws(ServiceError) -> ResolvedImage {
        try await locate(path, expecting: expected, readTo: .whole) { (image) throws(ServiceError) in
            try limits.check(image.size, toBe: "transformed")
        }
    }

    /// The current version with everything that its file tells.
    public func describe(_ path: ImagePath) async throws(ServiceError) -> StoredImage {
        try await locate(path, expecting: nil, readTo: .whole).image
    }

    /// The current version with everything that its file tells, and its extras.
    ///
    /// - Throws: what decoding throws, if the extras are made now.
    public func describeWithExtras(
        _ path: ImagePath, for client: ClientIdentity = .unknown
    ) async throws(ServiceError) -> (image: StoredImage, extras: ImageExtras) {
        var looks = 0
        while true {
            let resolved = try await locate(path, expecting: nil, readTo: .whole)
            do {
                return (resolved.image, try await extras.extras(of: resolved, for: client))
            } catch .preconditionFailed where looks < Self.maximumLooks {
                looks += 1
            }
        }
    }

    private func locate(
        _ path: ImagePath, expecting expected: String?, readTo depth: StoredImage.Depth,
        ifItPasses check: (StoredImage) throws(ServiceError) -> Void = { _ in }
    ) async throws(ServiceError) -> ResolvedImage {
        var looks = 0
        while true {
            var resolved = try await current.locate(path, expecting: expected)
            try check(resolved.image)
            do {
                resolved.image = try await current.inspect(resolved.image, to: depth)
                return resolved
            } catch .preconditionFailed where looks < Self.maximumLooks {
                // Replaced by another replica since this one looked. That answer is dropped: look again.
                looks += 1
            }
        }
    }

    private static let maximumLooks = 3
    /// About as long as a slow reader is observed.
    private static let crowdedTime = Duration.seconds(30)
    /// How many uploads may wait for memory to be rewritten in; one more is rejected.
    private static let maximumRewritesWaiting = 1_000

    /// One page of a listing.
    public func list(
        _ request: ListRequest, for client: ClientIdentity = .unknown
    ) async throws(ServiceError) -> ImagePage {
        try await list(request, for: client) { $0 }
    }

    /// Runs `finish` on one page of a listing, on a thread that is not an event loop's, and returns its result.
    ///
    /// - Parameter client: clients share the permits for listing evenly.
    /// - Throws: ``ServiceError/overloaded(retryAfter:)`` if too many clients list, and what the store throws.
    public func list<Value: Sendable>(
        _ request: ListRequest, for client: ClientIdentity, finish: @escaping @Sendable (ImagePage) -> Value
    ) async throws(ServiceError) -> Value {
        try await listingAdmission.run(limit: request.limit, for: client) { () async throws(ServiceError) in
            try await listing.list(request)
        } finish: {
            finish($0)
        }
    }

    // MARK: Writing

    /// Stores a picture.
    ///
    /// - Parameters:
    ///   - declared: the length of the body in bytes, if known.
    ///   - rules: what it may be, within the service's own limits.
    ///   - client: clients share the memory for uploads evenly.
    public func upload(
        to path: ImagePath, condition: WriteCondition, declared: Int64? = nil, rules: UploadRules = UploadRules(),
        for client: ClientIdentity = .unknown, body: UploadBody
    ) async throws(ServiceError) -> UploadedImage {
        try await uploads.upload(
            to: .fixed(path), condition: condition, declared: declared, rules: rules, for: client, body: body)
    }

    /// Stores a picture under a random name: `prefix`, 128 random bits, and the extension of the detected format.
    public func upload(
        intoPrefix prefix: [UInt8], rules: UploadRules = UploadRules(), for client: ClientIdentity = .unknown,
        body: UploadBody
    ) async throws(ServiceError) -> UploadedImage {
        try await uploads.upload(
            to: .random(behind: prefix), condition: .always, rules: rules, for: client, body: body)
    }

    /// Rotates or flips the stored picture, as it is seen.
    ///
    /// - Parameter aliveAt: the picture's lifetime, and the present time: one that has outlived it is not found. Nil:
    ///   it has no end.
    public func rotate(
        _ path: ImagePath, by change: RotationChange, condition: WriteCondition,
        aliveAt: (lifetime: ImageLifetime, now: Timestamp)? = nil, for client: ClientIdentity = .unknown
    ) async throws(ServiceError) -> RotatedImage {
        try await rotation.rotate(path, by: change, condition: condition, aliveAt: aliveAt, for: client)
    }

    /// Deletes a picture and all objects derived from it.
    ///
    /// - Returns: the version that was there just before.
    @discardableResult
    public func delete(_ path: ImagePath, condition: WriteCondition) async throws(ServiceError) -> String {
        try await deletion.delete(path, condition: condition)
    }

    // MARK: Operations

    /// Waits for work in the background, at most so long, then cancels it. To be called when no request comes any more.
    public func finishBackgroundWork(within limit: Duration) async {
        await derived.tasks.drain(for: limit)
    }

    /// Asks the store a cheap question, to see whether it answers.
    public func checkStorage() async throws(StorageError) {
        try await storage.checkAvailability()
    }

    /// The store's capabilities, as far as they are known yet.
    public var capabilities: StorageCapabilities { storage.capabilities }

    /// What is in use now, for metrics.
    public struct Usage: Sendable {
        /// Of the cache and of remembered requests, overheads included.
        public var cacheBytes: Int
        /// Bytes that uploads hold.
        public var uploadBytes: Int
        /// Uploads that wait for memory.
        public var uploadsWaiting: Int
        /// Bytes of answers that readers have not taken yet and no other budget counts.
        public var answerBytes: Int
        /// Answers that wait for memory.
        public var answersWaiting: Int
        /// Whether the store did not answer when it was asked last.
        public var isStorageAway: Bool
    }

    /// A snapshot; its numbers are read one after another.
    public var usage: Usage {
        let (streamed, rewritten) = (uploads.receiver.budget.usage, uploads.receiver.rewriting.usage)
        let answers = answers.budget.usage
        return Usage(
            cacheBytes: cache.usedBytes + requestMemory.used,
            uploadBytes: streamed.heldBytes + rewritten.heldBytes,
            uploadsWaiting: streamed.waiting + rewritten.waiting, answerBytes: answers.heldBytes,
            answersWaiting: answers.waiting, isStorageAway: health.isAway)
    }

    /// Whether an upload has waited so long for memory that those who hold it must hurry.
    public var isUploadMemoryContended: Bool {
        max(uploads.receiver.budget.oldestWait, uploads.receiver.rewriting.oldestWait) >= AnswerMemory.contendedWait
    }

    /// The same for the memory of answers; also true if readers hold so much of the cache that nothing new is kept.
    public var isAnswerMemoryContended: Bool { answers.isContended || cache.wasCrowded(within: Self.crowdedTime) }
}
