import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage

/// What a rotate has made.
public struct RotatedImage: Sendable {
    public var image: StoredImage
    /// Whether every pixel is still what it was.
    public var isLossless: Bool
}

/// Turns and flips what is stored: read, change, replace if unchanged, and again where another write came between.
struct Rotation: Sendable {
    let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    let workers: CodecWorkers
    let limits: UploadLimits
    private let queue = KeyedLock<ObjectKey>()

    /// A rotate that keeps losing against others gives up after so long, with a conflict.
    private static let patience = Duration.seconds(60)

    init(storage: any ObjectStorage, cache: CurrentImages.Cache, workers: CodecWorkers, limits: UploadLimits) {
        self.storage = storage
        self.cache = cache
        self.workers = workers
        self.limits = limits
    }

    func rotate(
        _ path: ImagePath, by change: Orientation, condition: WriteCondition
    ) async throws(ServiceError) -> RotatedImage {
        do {
            return try await queue.withLock(path.key) {
                try await rotateAlone(path, by: change, condition: condition)
            }
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .cancelled
        }
    }

    private func rotateAlone(
        _ path: ImagePath, by change: Orientation, condition: WriteCondition
    ) async throws(ServiceError) -> RotatedImage {
        let deadline = ContinuousClock.now + Self.patience
        var longestPause = 10
        while true {
            let original = try await read(path)
            // A client that named its version is refused here once another one has come.
            _ = try condition.mode(given: original.object.etag)
            if let rotated = try await attempt(path, original, change) { return rotated }
            guard ContinuousClock.now < deadline else {
                throw .conflict("Other writes of this image came first each time.")
            }
            // Replicas that lose at once would lose together again.
            do {
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...longestPause)))
            } catch {
                throw .cancelled
            }
            longestPause = min(2 * longestPause, 320)
        }
    }

    private struct Original {
        var object: ObjectInfo
        var record: ImageRecord
        var bytes: ByteBuffer
    }

    private func read(_ path: ImagePath) async throws(ServiceError) -> Original {
        do {
            let got = try await storage.get(path.key, options: GetOptions())
            guard got.info.size <= limits.maximumBytes else {
                throw ServiceError.beyondLimit(
                    "This image has \(got.info.size) bytes; at most \(limits.maximumBytes) can be rotated.")
            }
            let bytes = try await got.body.collect(upTo: Int(limits.maximumBytes), reserving: Int(got.info.size))
            guard bytes.readableBytes == got.info.size else {
                throw StorageError(.badAnswer, during: .get, detail: "a body that is not as long as its object")
            }
            return Original(object: got.info, record: ImageRecord(got.info.metadata), bytes: bytes)
        } catch let error as StorageError {
            throw ServiceError(error)
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .cancelled
        }
    }

    /// One try; nil where another write came first and it is worth another.
    private func attempt(
        _ path: ImagePath, _ original: Original, _ change: Orientation
    ) async throws(ServiceError) -> RotatedImage? {
        guard ImageFormat.detect(original.bytes.readableBytesSpan) != nil else { throw .notFound }
        let turned = try await transform(original.bytes, change)
        let id = WriteID.random()
        let record = original.record.continued(by: id, image: turned.info)
        let options = PutOptions(
            mode: .replace(original.object.etag), contentType: turned.info.format.capabilities.mediaType,
            metadata: record.metadata)
        let bytes = ByteBuffer(bytes: turned.bytes)
        let outcome = await Commit(storage: storage, cache: cache).perform(path.key, id: id, isConditional: true) {
            () async throws(StorageError) in
            try await storage.put(path.key, bytes: bytes, options: options)
        }
        switch outcome {
        case .done(let etag):
            let image = await StoredImage.afterWrite(
                of: path, etag: etag, image: turned.info, size: Int64(bytes.readableBytes), storage: storage,
                cache: cache)
            return RotatedImage(image: image, isLossless: turned.isLossless)
        case .notDone(let error, let found):
            guard let found else { throw .notFound }
            // Once more where the picture is the one that was read, or was turned by others since. Where an upload has
            // begun the list anew, ours may have happened just before, unless the store has plainly refused it.
            if found.etag == original.object.etag || goesOn(found, from: original.record) { return nil }
            guard error.mayHaveHappened else { return nil }
            throw .conflict("The image was replaced while it was being rotated.")
        case .failed(let error): throw ServiceError(error)
        }
    }

    /// Whether the list of writes still holds the newest one that we read.
    private func goesOn(_ found: ObjectInfo, from record: ImageRecord) -> Bool {
        guard let newest = record.writes.last else { return false }
        return ImageRecord(found.metadata).writes.contains(newest)
    }

    private func transform(_ bytes: ByteBuffer, _ change: Orientation) async throws(ServiceError) -> TransformedImage {
        let limits = limits.codec
        let memory: Int
        do {
            let header = try ImageHeader.read(bytes.readableBytesSpan, limits: limits)
            // The file stands there as it was read, as it comes out of C, and as it is sent.
            memory =
                ImageTransform.memoryBytes(file: bytes.readableBytesSpan, info: header, limits: limits)
                + 3 * bytes.readableBytes
        } catch {
            throw .unprocessable(error)
        }
        return try await workers.run(bytes: memory) { cancelled in
            try ImageTransform.apply(change, to: bytes.readableBytesSpan, limits: limits, cancelled: cancelled)
        }
    }
}
