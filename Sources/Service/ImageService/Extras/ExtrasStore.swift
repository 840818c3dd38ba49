import Admission
import ImageCache
import ImageCodecs
import ImageModel
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import Rendering
import TaskSupport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes the extras of a picture, once per version, when they are first asked for. It keeps them among the derived
/// objects. So objects that were not uploaded through this server have extras too, on every replica.
struct ExtrasStore: Sendable {
    private struct FlightKey: Hashable, Sendable {
        var path: ObjectKey
        var etag: ETag
        var epoch: WriteEpoch
    }

    /// The stored form.
    private struct Note: Codable {
        var revision: Int
        /// The tag of the picture that it was made from.
        var etag: String
        var extras: ImageExtras
    }

    let objects: DerivedObjects
    let cache: CurrentImages.Cache
    let originals: Originals
    let workers: CodecWorkers
    let limits: UploadLimits
    private let flights = SingleFlight<FlightKey, Result<ImageExtras, ServiceError>>()

    init(
        objects: DerivedObjects, cache: CurrentImages.Cache, originals: Originals, workers: CodecWorkers,
        limits: UploadLimits
    ) {
        self.objects = objects
        self.cache = cache
        self.originals = originals
        self.workers = workers
        self.limits = limits
    }

    /// - Throws: as a rendition does; ``ServiceError/preconditionFailed`` if that version is gone: locate again.
    func extras(of resolved: ResolvedImage, for client: ClientIdentity) async throws(ServiceError) -> ImageExtras {
        let (path, etag) = (resolved.image.object.key, resolved.image.etag)
        if let stored = await inMemory(path, etag) { return stored }
        let key = FlightKey(path: path, etag: etag, epoch: cache.epoch(of: path))
        for _ in 0..<Self.maximumTries {
            let isLeader = NIOLockedValueBox(false)
            do {
                return try await flights.run(key) {
                    isLeader.withLockedValue { $0 = true }
                    return await find(resolved, key, for: client)
                }.get()
            } catch ServiceError.rateLimited(let rejection) {
                // The limit of the client that asked first is not this one's, which asks again on its own.
                if isLeader.withLockedValue({ $0 }) { throw .rateLimited(rejection) }
            } catch let error as ServiceError {
                throw error
            } catch {
                throw .cancelled
            }
        }
        throw .overloaded(retryAfter: 1)
    }

    private static let maximumTries = 4

    private func find(
        _ resolved: ResolvedImage, _ key: FlightKey, for client: ClientIdentity
    ) async -> Result<ImageExtras, ServiceError> {
        do throws(ServiceError) {
            let extras: ImageExtras
            let version = OriginalVersion(path: key.path, etag: key.etag)
            if let stored = await inStore(version) {
                extras = stored
            } else {
                let made = try await make(resolved, for: client)
                extras = made.extras
                if made.isLasting { await keep(extras, of: version) }
            }
            if let bytes = Self.encode(extras, key.etag),
                let reservation = cache.reserve(key.path, Self.variant, bytes: bytes.readableBytes)
            {
                _ = cache.setBody(key.path, key.etag, Self.variant, [bytes], in: reservation, asked: key.epoch)
            }
            return .success(extras)
        } catch {
            return .failure(error)
        }
    }

    // MARK: In memory and in the store

    private static var variant: CurrentImages.Cache.Variant { .rendition("extras \(ImageExtras.revision)") }
    /// A stored document has some hundred bytes.
    private static let maximumBytes = 64 << 10

    private func inMemory(_ path: ObjectKey, _ etag: ETag) async -> ImageExtras? {
        guard let body = cache.body(path, etag, Self.variant) else { return nil }
        return Self.decode(body.head, etag)
    }

    private static let name = "extras-\(ImageExtras.revision)"

    private func inStore(_ version: OriginalVersion) async -> ImageExtras? {
        // If the store fails here, reading the picture itself will show whether it is away.
        guard let got = try? await objects.get(Self.name, of: version) else { return nil }
        guard let bytes = try? await got.body.collect(upTo: Self.maximumBytes) else { return nil }
        guard let extras = Self.decode(bytes, version.etag) else {
            // A broken document would keep a valid one from being stored.
            await objects.remove(Self.name, of: version)
            return nil
        }
        return extras
    }

    private func keep(_ extras: ImageExtras, of version: OriginalVersion) async {
        guard let bytes = Self.encode(extras, version.etag) else { return }
        // The client may leave; a write that has begun goes on to its end.
        await Task(executorPreference: RequestExecutor.executor) {
            _ = await objects.keep(bytes, as: Self.name, of: version, contentType: "application/json")
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

    private func make(
        _ resolved: ResolvedImage, for client: ClientIdentity
    ) async throws(ServiceError) -> ImageExtras.Made {
        let size = resolved.image.size
        try limits.check(size, toBe: "looked into")
        let permit = try await workers.admit(CodecWork(resolved.image, isStill: true), for: client)
        defer { permit.release() }
        let file = try await originals.bytes(of: resolved, limit: Int(size))
        let limits = RenderLimits(codec: limits.codec)
        let (info, plan, memory): (ImageInfo, Result<RenderPlan, RenderError>, Int)
        do {
            (info, plan, memory) = try await HeaderReading.run(over: file.readableBytes) {
                () throws(CodecError) -> (ImageInfo, Result<RenderPlan, RenderError>, Int) in
                let info = try ImageHeader.read(file.readableBytesSpan, limits: limits.codec)
                do throws(RenderError) {
                    let plan = try RenderPlan(info: info, spec: ImageExtras.spec, limits: limits)
                    let memory = plan.memoryBytes(file: file.readableBytesSpan, info: info, limits: limits)
                    return (info, .success(plan), memory)
                } catch {
                    return (info, .failure(error), 1 << 20)
                }
            }
        } catch {
            return ImageExtras.Made(without: error)
        }
        return try await workers.run(bytes: memory, in: permit) { cancelled in
            try ImageExtras.make(
                file.readableBytesSpan, info: info, plan: plan, limits: limits, cancelled: cancelled)
        }
    }
}
