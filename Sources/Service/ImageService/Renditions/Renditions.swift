import Admission
import ImageCache
import ImageCodecs
import ImageModel
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import Rendering
import TaskSupport

/// Makes renditions, each once for all who ask at the same time. Keeps them in memory and, if configured, in the store.
struct Renditions: Sendable {
    struct FlightKey: Hashable, Sendable {
        var version: OriginalVersion
        var text: String
        var epoch: WriteEpoch
    }

    let cache: CurrentImages.Cache
    let current: CurrentImages
    let originals: Originals
    let workers: CodecWorkers
    let answers: AnswerMemory
    let limits: UploadLimits
    /// Nil: no rendition is kept in the store.
    let kept: RenditionStore?
    let intermediates: IntermediateRules?
    private let flights = SingleFlight<FlightKey, Result<RenderedRendition.Pixels, ServiceError>>()
    let intermediateFlights = SingleFlight<FlightKey, Result<RenderedRendition.Pixels?, ServiceError>>()
    /// The state of the intermediates.
    let pendingIntermediates = NIOLockedValueBox(PendingIntermediates())
    let derived: DerivedObjects
    let renderedIntermediates = Counter(label: "tintype_intermediates_rendered_total")
    let rendered = Counter(label: "tintype_renditions_rendered_total")
    private let found = Counter(label: "tintype_renditions_found_total")

    init(
        cache: CurrentImages.Cache, current: CurrentImages, originals: Originals, workers: CodecWorkers,
        answers: AnswerMemory, limits: UploadLimits, keeping: RenditionStoreOptions?, derived: DerivedObjects
    ) {
        self.cache = cache
        self.current = current
        self.originals = originals
        self.workers = workers
        self.answers = answers
        self.limits = limits
        kept = keeping.map { RenditionStore(objects: derived, keeping: $0) }
        intermediates = keeping?.intermediates
        self.derived = derived
    }

    /// The rendition's entity tag: a hash of everything that decides its bytes.
    func tag(_ image: StoredImage, _ spec: RenditionSpec) -> RenditionTag {
        let text = "\(image.object.key.text)\n\(image.etag.text)\n\(Self.text(spec))"
        let mayBeStepped = image.image.map {
            intermediates?.intermediate(of: $0) != nil && intermediates?.serves(spec, of: $0) == true
        }
        return RenditionTag(etag: ETag(opaque: StoredImage.digest(text)), isStrong: mayBeStepped != true)
    }

    /// The canonical request with the renderer's revision: after a renderer fix, no wrong picture is found again.
    static func text(_ spec: RenditionSpec) -> String {
        "\(spec.canonicalText)&r=\(Renderer.revision)"
    }

    func render(
        _ located: ResolvedImage, _ spec: RenditionSpec, for client: ClientIdentity
    ) async throws(ServiceError) -> RenderedRendition {
        let image = located.image
        let version = OriginalVersion(image)
        let text = Self.text(spec)
        func rendition(_ pixels: RenderedRendition.Pixels, isHit: Bool) -> RenderedRendition {
            RenderedRendition(
                pixels, of: image, freshness: located.freshness, isHit: isHit,
                format: ImageFormat.detect(pixels.head.readableBytesSpan) ?? spec.format,
                etag: tag(image, spec).etag, for: client)
        }
        if let cached = cache.body(version.path, version.etag, .rendition(text)) {
            return rendition(.cached(cached), isHit: true)
        }
        var rejections = 0
        while true {
            let key = FlightKey(version: version, text: text, epoch: cache.epoch(of: version.path))
            let isLeader = NIOLockedValueBox(false)
            let result: Result<RenderedRendition.Pixels, ServiceError>
            do {
                result = try await flights.run(key) {
                    isLeader.withLockedValue { $0 = true }
                    return await obtain(located, spec, key, for: client)
                }
            } catch {
                throw .cancelled
            }
            // A caller that joined another's work was rejected on the other's account, so it asks again on its own.
            if case .failure(.overloaded) = result, !isLeader.withLockedValue({ $0 }),
                rejections < Self.maximumRejections
            {
                rejections += 1
                continue
            }
            return rendition(try result.get(), isHit: false)
        }
    }

    /// How often a caller accepts rejections of work that it has joined.
    private static let maximumRejections = 3

    // MARK: Shared work

    private func obtain(
        _ located: ResolvedImage, _ spec: RenditionSpec, _ key: FlightKey, for client: ClientIdentity
    ) async -> Result<RenderedRendition.Pixels, ServiceError> {
        do throws(ServiceError) {
            switch try await lookUp(located, key) {
            case .found(let got):
                if let pixels = try await loadOrPassOver(got, key, for: client) {
                    found.increment()
                    return .success(pixels)
                }
                return .success(
                    try keepInMemory(try await renderNew(located, spec, for: client), key, for: client))
            case .missing(let claim):
                return .success(try await renderAndPersist(located, spec, key, claim, for: client))
            case nil:
                return .success(
                    try keepInMemory(try await renderNew(located, spec, for: client), key, for: client))
            }
        } catch {
            return .failure(error)
        }
    }

    /// Nil: the store is not asked.
    private func lookUp(_ located: ResolvedImage, _ key: FlightKey) async throws(ServiceError) -> RenditionStore.Lookup?
    {
        guard let kept, !current.health.isAway else { return nil }
        do throws(StorageError) {
            return try await kept.lookUp(key.text, of: key.version)
        } catch {
            // It can still be made from the original in memory.
            if error.isOutage, cache.contains(key.version.path, key.version.etag, .original) { return nil }
            throw ServiceError(error)
        }
    }

    private func renderAndPersist(
        _ located: ResolvedImage, _ spec: RenditionSpec, _ key: FlightKey, _ claim: RenditionStore.Claim,
        for client: ClientIdentity
    ) async throws(ServiceError) -> RenderedRendition.Pixels {
        do throws(ServiceError) {
            let rendition = try await renderNew(located, spec, for: client)
            let bytes = rendition.bytes
            let pixels = try keepInMemory(rendition, key, for: client)
            kept?.persist(claim, with: bytes, isLimited: true) { kept in
                switch kept {
                case .kept: break
                case .existed:
                    // Two renders may differ if replicas of two releases run side by side: the first one counts.
                    guard let got = try? await self.kept?.get(key.text, of: key.version) else { return }
                    _ = try? await load(got, key, for: client)
                case .failed: break
                }
            }
            return pixels
        } catch {
            kept?.persist(claim, with: nil, isLimited: false) { _ in }
            throw error
        }
    }

    /// Reads a stored rendition into memory. Nil if it must be made anew, because it is not a picture or the store
    /// broke off its body. Reading the original will show whether the store is away.
    func loadOrPassOver(
        _ got: GetResult, _ key: FlightKey, for client: ClientIdentity
    ) async throws(ServiceError) -> RenderedRendition.Pixels? {
        do throws(ServiceError) {
            if let pixels = try await load(got, key, for: client) { return pixels }
            await kept?.discard(key.text, of: key.version)
            return nil
        } catch .storage {
            return nil
        }
    }

    /// Reads a stored rendition into memory; nil if it is not a picture.
    private func load(
        _ got: GetResult, _ key: FlightKey, for client: ClientIdentity
    ) async throws(ServiceError) -> RenderedRendition.Pixels? {
        let size = Int(got.info.size)
        let reservation = reserve(size, key)
        // If the cache does not count it, the answer budget does, before it comes.
        let answer = reservation == nil ? try await answers.admit(size, for: client) : nil
        let bytes: ByteBuffer
        do {
            bytes = try await got.body.collect(upTo: size, reserving: size)
        } catch let error as StorageError {
            throw ServiceError(error)
        } catch {
            throw .cancelled
        }
        guard bytes.readableBytes == size, ImageFormat.detect(bytes.readableBytesSpan) != nil else { return nil }
        if let reservation { return keepInMemory(bytes, key, in: reservation) }
        return .apart(bytes, try answers.settle(size, in: answer, for: client))
    }

    private func keepInMemory(
        _ rendition: NewRendition, _ key: FlightKey, for client: ClientIdentity
    ) throws(ServiceError) -> RenderedRendition.Pixels {
        let size = rendition.bytes.readableBytes
        if let reservation = reserve(size, key) { return keepInMemory(rendition.bytes, key, in: reservation) }
        return .apart(rendition.bytes, try answers.settle(size, in: rendition.reservation, for: client))
    }

    func reserve(_ bytes: Int, _ key: FlightKey) -> BodyReservation? {
        cache.reserve(key.version.path, .rendition(key.text), bytes: bytes)
    }

    func keepInMemory(
        _ bytes: ByteBuffer, _ key: FlightKey, in reservation: BodyReservation
    ) -> RenderedRendition.Pixels {
        let version = key.version
        return .cached(
            cache.setBody(
                version.path, version.etag, .rendition(key.text), [bytes], in: reservation, asked: key.epoch))
    }

    // MARK: Rendering

    /// A finished file that nobody counts yet, with what was reserved before it was made.
    private struct NewRendition {
        var bytes: ByteBuffer
        /// Nil if the cache was expected to have the bytes for it.
        var reservation: AnswerMemory.Budget.Reservation?
    }

    private func renderNew(
        _ located: ResolvedImage, _ spec: RenditionSpec, for client: ClientIdentity
    ) async throws(ServiceError) -> NewRendition {
        // Reserved before it is rendered, and before it waits for a permit: a wait for readers to take their bytes then
        // delays nobody else.
        var reservation: AnswerMemory.Budget.Reservation?
        if let info = located.image.image {
            let bytes = spec.likelyBytes(of: info, limits: limits.codec)
            if bytes > cache.maximumBodyBytes { reservation = try await answers.admit(about: bytes, for: client) }
        }
        return NewRendition(bytes: try await renderBytes(located, spec, for: client), reservation: reservation)
    }

    private func renderBytes(
        _ located: ResolvedImage, _ spec: RenditionSpec, for client: ClientIdentity
    ) async throws(ServiceError) -> ByteBuffer {
        if let bytes = try await renderFromIntermediate(located, spec, for: client) { return bytes }
        let size = located.image.size
        try limits.check(size, toBe: "transformed")
        let permit = try await workers.admit(CodecWork(located.image, spec, limits: limits.codec), for: client)
        defer { permit.release() }
        let file = try await originals.bytes(of: located, limit: Int(size))
        if let bytes = try await renderByIntermediate(located, file, spec, in: permit) { return bytes }
        let bytes = try await workers.render(file, spec, of: nil, limits: limits.codec, in: permit)
        rendered.increment()
        return bytes
    }
}
