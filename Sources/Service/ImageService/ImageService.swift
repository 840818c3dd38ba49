import Admission
import ImageCache
import ImageCodecs
public import ImageModel
public import NIOCore
public import ObjectStorage
import Rendering
public import TaskSupport

/// The use cases: upload, serve, render, rotate, delete, describe, list. Speaks of pictures and versions, never of HTTP
/// and never of S3.
public struct ImageService: Sendable {
    /// What the service may use and keep.
    public struct Configuration: Sendable {
        public var uploads: UploadLimits
        /// All bytes that uploads together may hold in memory; at least two parts.
        public var uploadMemoryBytes: Int
        public var cacheBytes: Int
        /// How old an answer about a path may be without the store being asked again.
        public var revalidateAfter: Duration
        /// How much longer it may stand in while the store is away.
        public var staleFor: Duration
        /// For one storage operation. A write that failed is begun again only within this time.
        public var storageTimeout: Duration
        /// Which renditions are kept in the store; nil: none.
        public var keeping: RenditionStoreOptions?
        /// What readers may leave untaken of answers that are in no other budget, in bytes.
        public var answerMemoryBytes: Int
        /// How long an answer waits for its part of that.
        public var answerWait: Duration

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
    private let originals: Originals
    let limits: UploadLimits
    let uploads: Uploads
    var rotation: Rotation
    private let renditions: Renditions
    private let extras: ExtrasStore
    private let derived: DerivedObjects
    private let listing: Listing
    private let listingAdmission: ListingAdmission
    private let answers: AnswerMemory
    /// What may be remembered of requests: a sixteenth of the cache's bytes, as much as a single body may have.
    public let requestMemory: RequestMemory
    private static let requestsPart = 16

    /// - Parameter clock: what freshness, deadlines and pauses go by.
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
        renditions = Renditions(
            cache: cache, current: current, originals: originals, workers: workers, answers: answers,
            limits: configuration.uploads, keeping: configuration.keeping, derived: derived)
        listing = Listing(storage: storage)
        listingAdmission = ListingAdmission(clock: clock)
    }

    /// What freshness, deadlines and pauses go by.
    public var clock: MonotonicClock { current.clock }

    // MARK: Reading

    /// The path's current version.
    ///
    /// - Parameter expected: the version the URL names; where memory knows another one, the store is asked first.
    public func locate(_ path: ImagePath, expecting expected: String? = nil) async throws(ServiceError) -> ResolvedImage
    {
        try await current.locate(path, expecting: expected)
    }

    /// The current version with all its bytes.
    ///
    /// - Parameter requester: shares the memory for answers evenly with others.
    public func open(
        _ path: ImagePath, expecting expected: String? = nil, for requester: ClientIdentity = .unknown
    ) async throws(ServiceError) -> OpenedImage {
        try await originals.openWhole(path, expecting: expected, for: requester)
    }

    /// A range of a version, or all of it.
    ///
    /// - Throws: ``ServiceError/preconditionFailed`` where that version has gone since it was located: locate again.
    public func open(
        _ located: ResolvedImage, range: ByteRange?, for requester: ClientIdentity = .unknown
    ) async throws(ServiceError) -> OpenedImage {
        try await originals.open(located, range: range, for: requester)
    }

    /// Counts an answer that is in memory already and in no other budget.
    public func admitAnswer(_ bytes: Int, for requester: ClientIdentity) async throws(ServiceError) -> AnswerHold {
        AnswerHold(try await answers.admit(bytes, for: requester))
    }

    /// The entity tag that a rendition of this version has, without making it.
    public func renditionTag(_ image: StoredImage, _ spec: RenditionSpec) -> RenditionTag {
        renditions.tag(image, spec)
    }

    /// A request with its format settled and every default written out.
    public static func spec(_ request: RenditionRequest, format: ImageFormat) -> RenditionSpec {
        RenditionSpec(request, format: format, defaultQuality: Renderer.defaultQuality(for: format))
    }

    /// A rendition of this version.
    ///
    /// - Parameter requester: shares the permits for making them, and the memory for answers, evenly with others.
    /// - Throws: as ``open(_:range:)``, and what decoding throws.
    public func render(
        _ located: ResolvedImage, _ spec: RenditionSpec, for requester: ClientIdentity = .unknown
    ) async throws(ServiceError) -> RenderedRendition {
        try await renditions.render(located, spec, for: requester)
    }

    /// The format that a rendition of this version comes out in, without making it.
    ///
    /// - Throws: what its header alone says against it.
    public func formatOfRendition(_ image: StoredImage, _ spec: RenditionSpec) throws(ServiceError) -> ImageFormat {
        // What its header does not tell, only making it would.
        guard let info = image.image else { return spec.format }
        do {
            return try RenderPlan(info: info, spec: spec, limits: RenderLimits(codec: limits.codec))
                .outputFormat(spec)
        } catch {
            throw ServiceError(error)
        }
    }

    /// The path's current version with what decides about its renditions: size, transparency, and whether it is an
    /// animation, for which a PNG or WebP that came by another way, or in parts, is read to its end once.
    public func locateForRendition(
        _ path: ImagePath, expecting expected: String? = nil
    ) async throws(ServiceError) -> ResolvedImage {
        try await locate(path, expecting: expected, readTo: .whole) { (image) throws(ServiceError) in
            try limits.check(image.size, toBe: "transformed")
        }
    }

    /// The current version with all that its file tells.
    public func describe(_ path: ImagePath) async throws(ServiceError) -> StoredImage {
        try await locate(path, expecting: nil, readTo: .whole).image
    }

    /// The current version with all that its file tells, and what is told of it beside that.
    ///
    /// - Throws: what decoding throws, where the extras are made now.
    public func describeWithExtras(
        _ path: ImagePath, for requester: ClientIdentity = .unknown
    ) async throws(ServiceError) -> (image: StoredImage, extras: ImageExtras) {
        var looks = 0
        while true {
            let located = try await locate(path, expecting: nil, readTo: .whole)
            do {
                return (located.image, try await extras.extras(of: located, for: requester))
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
            var located = try await current.locate(path, expecting: expected)
            try check(located.image)
            do {
                located.image = try await current.inspect(located.image, to: depth)
                return located
            } catch .preconditionFailed where looks < Self.maximumLooks {
                // Replaced elsewhere since this replica has looked. That answer is forgotten: look again.
                looks += 1
            }
        }
    }

    private static let maximumLooks = 3
    /// About as long as a slow reader is looked at.
    private static let crowdedTime = Duration.seconds(30)
    /// Uploads that wait for the memory that they are rewritten in; one more is refused.
    private static let maximumRewritesWaiting = 1_000

    /// One page of what is stored.
    public func list(
        _ request: ListRequest, for requester: ClientIdentity = .unknown
    ) async throws(ServiceError) -> ImagePage {
        try await list(request, for: requester) { $0 }
    }

    /// What `finish` makes of one page of what is stored, on a thread apart from event loops.
    ///
    /// - Parameter requester: shares the permits for listing evenly with others.
    /// - Throws: ``ServiceError/overloaded(retryAfter:)`` where too many list, and what the store throws.
    public func list<Value: Sendable>(
        _ request: ListRequest, for requester: ClientIdentity, finish: @escaping @Sendable (ImagePage) -> Value
    ) async throws(ServiceError) -> Value {
        try await listingAdmission.run(limit: request.limit, for: requester) { () async throws(ServiceError) in
            try await listing.list(request)
        } finish: {
            finish($0)
        }
    }

    // MARK: Writing

    /// Stores a picture.
    ///
    /// - Parameters:
    ///   - declared: how long the body is, in bytes, where that is known.
    ///   - requester: shares the memory for uploads evenly with others.
    public func upload(
        to path: ImagePath, condition: WriteCondition, declared: Int64? = nil, for requester: ClientIdentity = .unknown,
        body: UploadBody
    ) async throws(ServiceError) -> UploadedImage {
        try await uploads.upload(to: .fixed(path), condition: condition, declared: declared, for: requester, body: body)
    }

    /// Stores a picture under a name of 128 random bits behind `prefix`, with the detected format's extension.
    public func upload(
        intoPrefix prefix: [UInt8], for requester: ClientIdentity = .unknown, body: UploadBody
    ) async throws(ServiceError) -> UploadedImage {
        try await uploads.upload(to: .random(behind: prefix), condition: .always, for: requester, body: body)
    }

    /// Turns or flips what is stored, as seen.
    public func rotate(
        _ path: ImagePath, by change: RotationChange, condition: WriteCondition,
        for requester: ClientIdentity = .unknown
    ) async throws(ServiceError) -> RotatedImage {
        try await rotation.rotate(path, by: change, condition: condition, for: requester)
    }

    /// Deletes a picture and everything that was derived from it.
    public func delete(_ path: ImagePath, condition: WriteCondition) async throws(ServiceError) {
        let found: ObjectInfo
        do {
            found = try await storage.head(path.key)
        } catch {
            // An earlier delete whose answer was lost may have left them.
            if error.code == .notFound { derived.removeAll(of: path.key, but: nil, isCertain: false) }
            throw ServiceError(error)
        }
        let mode = try condition.mode(given: found.etag)
        let error = await Task { () -> StorageError? in
            cache.invalidate(path.key)
            defer { cache.invalidate(path.key) }
            do throws(StorageError) {
                // Any version will do for `If-Match: *`, whichever is there by now.
                if case .replace(let etag) = mode, condition != .exists {
                    try await storage.delete(path.key, ifMatch: etag)
                } else {
                    try await storage.delete(path.key, ifMatch: nil)
                }
                return nil
            } catch {
                return error
            }
        }.value
        // Gone since the look, by us with a lost answer or by somebody else: it is as it should be.
        if let error, error.code != .notFound {
            if error.mayHaveHappened { derived.removeAll(of: path.key, but: nil) }
            throw ServiceError(error)
        }
        derived.removeAll(of: path.key, but: nil)
    }

    // MARK: Operations

    /// Waits for what goes on behind the answers, so long at most, then cuts it: to be called when no request comes any
    /// more.
    public func finishBackgroundWork(within limit: Duration) async {
        await derived.tasks.drain(for: limit)
    }

    /// Asks the store a cheap question.
    public func checkStorage() async throws(StorageError) {
        try await storage.checkAvailability()
    }

    /// What the store honours, as far as it is known yet.
    public var capabilities: StorageCapabilities { storage.capabilities }

    /// What is in use at this moment, for metrics.
    public struct Usage: Sendable {
        public var cacheBytes: Int
        public var uploadBytes: Int
        public var uploadsWaiting: Int
        public var answerBytes: Int
        public var answersWaiting: Int
        public var isStorageAway: Bool
    }

    public var usage: Usage {
        let (streamed, rewritten) = (uploads.receiver.budget.usage, uploads.receiver.rewriting.usage)
        let answers = answers.budget.usage
        return Usage(
            cacheBytes: cache.usedBytes + requestMemory.used,
            uploadBytes: streamed.heldBytes + rewritten.heldBytes,
            uploadsWaiting: streamed.waiting + rewritten.waiting, answerBytes: answers.heldBytes,
            answersWaiting: answers.waiting, isStorageAway: health.isAway)
    }

    /// Whether somebody has waited for the memory of uploads for so long that those who hold it have to make haste.
    public var isUploadMemoryContended: Bool {
        max(uploads.receiver.budget.oldestWait, uploads.receiver.rewriting.oldestWait) >= AnswerMemory.contendedWait
    }

    /// The same of the memory of answers, and of the cache, where readers hold so much that nothing new is kept.
    public var isAnswerMemoryContended: Bool { answers.isContended || cache.wasCrowded(within: Self.crowdedTime) }
}
