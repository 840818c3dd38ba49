import Admission
import Crypto
import ImageCache
import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage
import Rendering

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes what is told of a picture beside its header, once per version, at the first question, and keeps it beside the
/// object under the server's own prefix: so it is there for objects that came by another way, and on every replica.
///
/// Of each path there is one such object at most. It names the version it was made of, so that one left behind by a race
/// is never believed.
struct ExtrasKeeper: Sendable {
    private struct FlightKey: Hashable, Sendable {
        var path: ObjectKey
        var etag: ETag
        var epoch: WriteEpoch
    }

    /// What lies in the store.
    private struct Note: Codable {
        var revision: Int
        /// Of the picture it was made of.
        var etag: String
        var extras: ImageExtras
    }

    let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    let originals: Originals
    let workers: CodecWorkers
    let limits: UploadLimits
    private let flights = SingleFlight<FlightKey, Result<ImageExtras, ServiceError>>()

    init(
        storage: any ObjectStorage, cache: CurrentImages.Cache, originals: Originals, workers: CodecWorkers,
        limits: UploadLimits
    ) {
        self.storage = storage
        self.cache = cache
        self.originals = originals
        self.workers = workers
        self.limits = limits
    }

    /// - Throws: as a rendition does; ``ServiceError/preconditionFailed`` where that version has gone: locate again.
    func extras(of located: Located) async throws(ServiceError) -> ImageExtras {
        let (path, etag) = (located.image.object.key, located.image.etag)
        if let kept = await inMemory(path, etag) { return kept }
        let key = FlightKey(path: path, etag: etag, epoch: cache.epoch(of: path))
        do {
            return try await flights.run(key) { await find(located, key) }.get()
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .cancelled
        }
    }

    /// Removes what is kept of a path, because its picture has been replaced or deleted. Never throws: what cannot be
    /// removed now names a version that is gone.
    func remove(_ path: ObjectKey) async {
        guard let key = Self.key(path) else { return }
        // Whoever asked for it may have left; what is removed is removed all the same.
        await Task(executorPreference: TaskHome.executor) { try? await storage.delete(key, ifMatch: nil) }.value
    }

    /// `.tintype/extras/<SHA-256 of the path>/current`.
    static func key(_ path: ObjectKey) -> ObjectKey? {
        let name = StoredImage.hex(SHA256.hash(data: path.bytes))
        return ObjectKey("\(ImagePath.ownPrefix)/extras/\(name)/current")
    }

    private func find(_ located: Located, _ key: FlightKey) async -> Result<ImageExtras, ServiceError> {
        do throws(ServiceError) {
            let extras: ImageExtras
            if let kept = await inStore(key.path, key.etag) {
                extras = kept
            } else {
                let made = try await make(located)
                extras = made.extras
                if made.isLasting { await keep(extras, key) }
            }
            if let bytes = Self.encode(extras, key.etag),
                let room = cache.reserve(key.path, Self.variant, bytes: bytes.readableBytes)
            {
                _ = cache.setBody(key.path, key.etag, Self.variant, [bytes], in: room, asked: key.epoch)
            }
            return .success(extras)
        } catch {
            return .failure(error)
        }
    }

    // MARK: Where it is kept

    private static var variant: CurrentImages.Cache.Variant { .rendition("extras \(ImageExtras.revision)") }
    /// A note has some hundred bytes.
    private static let maximumBytes = 64 << 10

    private func inMemory(_ path: ObjectKey, _ etag: ETag) async -> ImageExtras? {
        guard let body = cache.body(path, etag, Self.variant) else { return nil }
        return Self.decode(body.head, etag)
    }

    private func inStore(_ path: ObjectKey, _ etag: ETag) async -> ImageExtras? {
        // A store that fails here will fail, or not, where the picture itself is read.
        guard let key = Self.key(path), let got = try? await storage.get(key, options: GetOptions()),
            got.info.size <= Self.maximumBytes, let bytes = try? await got.body.collect(upTo: Self.maximumBytes)
        else { return nil }
        return Self.decode(bytes, etag)
    }

    private func keep(_ extras: ImageExtras, _ key: FlightKey) async {
        guard let own = Self.key(key.path), let bytes = Self.encode(extras, key.etag) else { return }
        let options = PutOptions(
            contentType: "application/json", metadata: ["tintype-path": Base64URL.encode(key.path.bytes)])
        // The answer does not depend on it: it would be made again.
        await Task(executorPreference: TaskHome.executor) {
            guard (try? await storage.put(own, bytes: bytes, options: options)) != nil else { return }
            // Where the picture has gone meanwhile, whoever removed it came too early to remove this.
            let isCurrent: Bool
            do throws(StorageError) {
                isCurrent = try await storage.head(key.path).etag == key.etag
            } catch {
                isCurrent = error.code != .notFound
            }
            if !isCurrent { try? await storage.delete(own, ifMatch: nil) }
        }.value
    }

    private static func encode(_ extras: ImageExtras, _ etag: ETag) -> ByteBuffer? {
        let note = Note(revision: ImageExtras.revision, etag: etag.text, extras: extras)
        return (try? JSONEncoder().encode(note)).map { ByteBuffer(bytes: $0) }
    }

    private static func decode(_ bytes: ByteBuffer, _ etag: ETag) -> ImageExtras? {
        guard let note = try? JSONDecoder().decode(Note.self, from: Data(bytes.readableBytesView)),
            note.revision == ImageExtras.revision, note.etag == etag.text
        else { return nil }
        return note.extras
    }

    // MARK: Making

    private func make(_ located: Located) async throws(ServiceError) -> ImageExtras.Made {
        let size = located.image.size
        try limits.check(size, toBe: "looked into")
        let room = try await workers.admitFile(size)
        defer { room.release() }
        let file = try await originals.bytes(of: located, limit: Int(size))
        let limits = RenderLimits(codec: limits.codec)
        let info: ImageInfo
        do {
            info = try ImageHeader.read(file.readableBytesSpan, limits: limits.codec)
        } catch {
            return ImageExtras.Made(without: error)
        }
        let plan: Result<RenderPlan, RenderError>
        do {
            plan = .success(try RenderPlan(info: info, spec: ImageExtras.spec, limits: limits))
        } catch {
            plan = .failure(error)
        }
        let memory = (try? plan.get())?.memoryBytes(file: file.readableBytesSpan, info: info, limits: limits) ?? 1 << 20
        return try await workers.run(bytes: memory) { cancelled in
            try ImageExtras.make(
                file.readableBytesSpan, info: info, plan: plan, limits: limits, cancelled: cancelled)
        }
    }
}
