import Admission
public import ImageCodecs
public import ImageModel
import NIOCore
import ObjectStorage
import TaskSupport
import TextCoding

/// The result of a rotate.
public struct RotatedImage: Sendable {
    /// The version that the rotate has written.
    public var image: StoredImage
    /// The version from which it was made.
    public var previousVersion: String
    /// Whether every pixel is unchanged but for its place.
    public var isLossless: Bool
    /// What else the file has lost.
    public var effects: TransformEffects
}

/// What a rotate does to a picture.
public struct RotationChange: Sendable, Hashable {
    /// As the picture is seen.
    public var orientation: Orientation
    /// What happens to partial blocks at an edge, which cannot be moved without loss.
    public var edge: ImageTransform.Edge

    /// A change. By default the picture is encoded again if a lossless change is impossible.
    public init(_ orientation: Orientation, edge: ImageTransform.Edge = .reencode) {
        self.orientation = orientation
        self.edge = edge
    }
}

/// Rotates and flips stored pictures: read, change, replace if unchanged, and again if another write came in between.
struct Rotation: Sendable {
    let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    let settlement: WriteSettlement
    let workers: CodecWorkers
    let derived: DerivedObjects
    let limits: UploadLimits
    /// What transforms a file. A value, since no picture is known that makes the codec fail without being foreseen, and
    /// a test has to see what becomes of that.
    var codecTransform: CodecTransform = { (bytes, change, limits, cancelled) throws(CodecError) in
        try ImageTransform.apply(
            change.orientation, to: bytes.readableBytesSpan, edge: change.edge, limits: limits, cancelled: cancelled)
    }
    private let queue = KeyedLock<ObjectKey>()

    typealias CodecTransform =
        @Sendable (ByteBuffer, RotationChange, CodecLimits, CancelFlag) throws(CodecError) -> TransformedImage

    /// A rotate that does not get the lock of its path, or keeps losing against others, gives up after so long.
    private static let timeout = Duration.seconds(60)

    init(
        storage: any ObjectStorage, cache: CurrentImages.Cache, settlement: WriteSettlement, workers: CodecWorkers,
        derived: DerivedObjects, limits: UploadLimits
    ) {
        self.storage = storage
        self.cache = cache
        self.settlement = settlement
        self.workers = workers
        self.derived = derived
        self.limits = limits
    }

    func rotate(
        _ path: ImagePath, by change: RotationChange, condition: WriteCondition, aliveAt: Life? = nil,
        for client: ClientIdentity
    ) async throws(ServiceError) -> RotatedImage {
        do {
            return try await StartDeadline.run(within: Self.timeout, clock: settlement.clock) { deadline in
                try await queue.withLock(path.key) {
                    try deadline.begin()
                    let rotated = try await rotateAlone(
                        path, by: change, Terms(condition: condition, life: aliveAt), for: client)
                    derived.removeAll(of: path.key, but: rotated.image.etag)
                    return rotated
                }
            }
        } catch let error as ServiceError {
            derived.removeIfWritten(path.key, error)
            throw error
        } catch let error as AdmissionError {
            throw ServiceError(error)
        } catch {
            throw .cancelled
        }
    }

    /// A lifetime, and the present time.
    typealias Life = (lifetime: ImageLifetime, now: Timestamp)

    /// What must be true of the version that is rotated.
    private struct Terms {
        var condition: WriteCondition
        var life: Life?

        func judge(_ object: ObjectInfo) throws(ServiceError) {
            if let life, life.lifetime.isOver(object, at: life.now) { throw .notFound }
            // A client that named its version is rejected here if another one has come.
            _ = try condition.mode(given: object.etag)
        }
    }

    /// What a rotation has lost.
    private struct Cost {
        var isLossless: Bool
        var effects: TransformEffects
    }

    /// What a write that was begun has to tell if it is the one that happened.
    private struct Attempt {
        var cost: Cost
        /// What it writes.
        var info: ImageInfo
        /// From what it was made.
        var source: ETag
    }

    private typealias Attempts = WriteAttempts<Attempt>

    private func rotateAlone(
        _ path: ImagePath, by change: RotationChange, _ terms: Terms, for client: ClientIdentity
    ) async throws(ServiceError) -> RotatedImage {
        let start = settlement.clock.now()
        var attempts = Attempts()
        var longestPause = 10
        while true {
            if let rotated = try await attempt(
                path, by: change, terms, after: &attempts, since: start, for: client)
            {
                return rotated
            }
            guard settlement.clock.now() < start + Self.timeout else {
                throw .conflict("Other writes of this image came first each time.")
            }
            // Replicas that lose at the same time would collide again at the same time.
            do {
                try await settlement.clock.pause(for: .milliseconds(Int.random(in: 0...longestPause)))
            } catch {
                throw .cancelled
            }
            longestPause = min(2 * longestPause, 320)
        }
    }

    /// One round; nil if another one is needed.
    private func attempt(
        _ path: ImagePath, by change: RotationChange, _ terms: Terms, after attempts: inout Attempts,
        since start: ContinuousClock.Instant, for client: ClientIdentity
    ) async throws(ServiceError) -> RotatedImage? {
        let found = try await ask { () async throws(StorageError) in try await storage.head(path.key) }
        if let rotated = try await earlierResult(found, terms, attempts) { return rotated }
        try limits.check(found.size, toBe: "rotated")
        // The permit comes before the read. A wait between read and write would give other writers time to come first,
        // and would hold a connection to the store. It is held until the result is with the store.
        let work = CodecWork(rotating: found.size, ImageRecord(found).image)
        // After an attempt that may have taken effect, 429 would invite the client to rotate once more.
        let permit = try await workers.admit(work, for: client, isCounted: attempts.isEmpty)
        defer { permit.release() }
        let got = try await ask { () async throws(StorageError) in
            try await storage.get(path.key, options: GetOptions())
        }
        if let rotated = try await earlierResult(got.info, terms, attempts) { return rotated }
        // Another file has come, for which too little memory is reserved.
        guard got.info.size <= found.size else { return nil }
        let file = try await transform(try await read(got), change, in: permit)
        // The rest is the store's work.
        permit.endWork()
        let id = attempts.begin(Attempt(cost: file.cost, info: file.info, source: got.info.etag))
        switch await write(file, path, over: got.info, as: id, attempts) {
        case .done(let put):
            let image = await StoredImage.afterWrite(
                of: path, put: put, image: file.info, size: Int64(file.bytes.readableBytes), storage: storage,
                cache: cache, clock: settlement.clock)
            return RotatedImage(
                image: image, previousVersion: StoredImage.version(of: got.info.etag),
                isLossless: file.cost.isLossless, effects: file.cost.effects)
        case .seen(let found):
            return await result(found, attempts)
        case .notDone(let error, let found):
            let hasTime = settlement.clock.now() < start + settlement.timeout
            switch attempts.next(after: error, found: found, over: got.info, hasTime: hasTime) {
            case .again: return nil
            case .gone: throw .notFound
            case .failed(let error): throw ServiceError(error)
            }
        case .failed(let error): throw ServiceError(error)
        }
    }

    /// What is there now, if that ends this rotate; nil if the rotate is still to be done.
    private func earlierResult(
        _ object: ObjectInfo, _ terms: Terms, _ attempts: Attempts
    ) async throws(ServiceError) -> RotatedImage? {
        // An attempt that was given up may have taken effect since. It was this rotate, and must not be done twice.
        if let rotated = await result(object, attempts) { return rotated }
        if attempts.mayHaveVanished(before: object) {
            throw .conflict(
                "The image was replaced while it was being rotated; whether it had been rotated before is not known.")
        }
        try terms.judge(object)
        return nil
    }

    /// What is there now, if it holds one of our writes; else nil.
    private func result(_ object: ObjectInfo, _ attempts: Attempts) async -> RotatedImage? {
        guard let (id, attempt) = attempts.newest(in: object) else { return nil }
        return RotatedImage(
            image: await StoredImage.found(object, after: id, of: attempt.info, storage: storage),
            previousVersion: StoredImage.version(of: attempt.source),
            isLossless: attempt.cost.isLossless, effects: attempt.cost.effects)
    }

    private func write(
        _ file: RotatedFile, _ path: ImagePath, over version: ObjectInfo, as id: WriteID, _ attempts: Attempts
    ) async -> WriteSettlement.Outcome {
        let options = PutOptions(
            mode: .replace(version.etag), contentType: file.info.format.capabilities.mediaType,
            metadata: ImageRecord(version).continued(by: id, image: file.info)
                .metadata(beside: version.metadata.foreign),
            carrying: version)
        return await settlement.perform(path.key, ids: attempts.ids, isConditional: true) {
            () async throws(StorageError) in
            try await storage.put(path.key, bytes: file.bytes, options: options)
        }
    }

    // MARK: Bytes

    private func ask<Answer>(
        _ question: () async throws(StorageError) -> Answer
    ) async throws(ServiceError) -> Answer {
        do {
            return try await question()
        } catch {
            throw ServiceError(error)
        }
    }

    private func read(_ got: GetResult) async throws(ServiceError) -> ByteBuffer {
        do {
            let size = Int(got.info.size)
            let bytes = try await got.body.collect(upTo: size, reserving: size)
            guard bytes.readableBytes == size else {
                throw StorageError(.badAnswer, during: .get, detail: "a body that is not as long as its object")
            }
            return bytes
        } catch let error as StorageError {
            throw ServiceError(error)
        } catch {
            throw .cancelled
        }
    }

    /// A file that is ready to be written.
    private struct RotatedFile: Sendable {
        var bytes: ByteBuffer
        var info: ImageInfo
        var cost: Cost
    }

    private func transform(
        _ bytes: ByteBuffer, _ change: RotationChange, in permit: CodecWorkers.Permit
    ) async throws(ServiceError) -> RotatedFile {
        guard ImageFormat.detect(bytes.readableBytesSpan) != nil else { throw .notFound }
        let limits = limits.codec
        let memory: Int
        do {
            memory = try await HeaderReading.run(over: bytes.readableBytes) { () throws(CodecError) -> Int in
                let header = try ImageHeader.read(bytes.readableBytesSpan, limits: limits)
                // The new file exists twice: as C returns it, and as it is sent.
                return ImageTransform.memoryBytes(file: bytes.readableBytesSpan, info: header, limits: limits)
                    + 2 * bytes.readableBytes
            }
        } catch {
            throw ServiceError(error, at: "header")
        }
        return try await workers.run(bytes: memory, in: permit, use: "Rotating this image") { cancelled in
            let transformed: TransformedImage
            do throws(CodecError) {
                transformed = try codecTransform(bytes, change, limits, cancelled)
            } catch {
                throw error.at(stage: "rotate")
            }
            return RotatedFile(
                bytes: ByteBuffer(bytes: transformed.bytes), info: transformed.info,
                cost: Cost(isLossless: transformed.isLossless, effects: transformed.effects))
        }
    }
}
