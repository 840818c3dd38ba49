import Admission
import ImageCache
import ImageCodecs
import ImageModel
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import Rendering

/// Makes renditions, each once for all who ask at the same time, and keeps them in memory and, where it is told to, in the
/// store.
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
    /// Nil: none is kept in the store.
    let kept: KeptRenditions?
    let ladder: Ladder?
    private let flights = SingleFlight<FlightKey, Result<RenderedRendition.Pixels, ServiceError>>()
    let intermediateFlights = SingleFlight<FlightKey, Result<RenderedRendition.Pixels?, ServiceError>>()
    /// What is known of intermediates.
    let climbing = NIOLockedValueBox(Climbing())
    let derived: DerivedObjects
    let intermediates = Counter(label: "tintype_intermediates_rendered_total")
    let rendered = Counter(label: "tintype_renditions_rendered_total")
    private let found = Counter(label: "tintype_renditions_found_total")

    init(
        cache: CurrentImages.Cache, current: CurrentImages, originals: Originals, workers: CodecWorkers,
        answers: AnswerMemory, limits: UploadLimits, keeping: RenditionKeeping?, derived: DerivedObjects
    ) {
        self.cache = cache
        self.current = current
        self.originals = originals
        self.workers = workers
        self.answers = answers
        self.limits = limits
        kept = keeping.map { KeptRenditions(objects: derived, keeping: $0) }
        ladder = keeping?.ladder
        self.derived = derived
    }

    /// The rendition's entity tag: a hash of all that decides its bytes.
    func tag(_ image: StoredImage, _ spec: RenditionSpec) -> RenditionTag {
        let text = "\(image.object.key.text)\n\(image.etag.text)\n\(Self.text(spec))"
        let mayBeStepped = image.image.map {
            ladder?.intermediate(of: $0) != nil && ladder?.serves(spec, of: $0) == true
        }
        return RenditionTag(etag: ETag(opaque: StoredImage.digest(text)), isStrong: mayBeStepped != true)
    }

    /// The canonical request with the renderer's revision: a mended renderer leaves no wrong picture behind.
    static func text(_ spec: RenditionSpec) -> String {
        "\(spec.canonicalText)&r=\(Renderer.revision)"
    }

    func render(
        _ located: Located, _ spec: RenditionSpec, for requester: Requester
    ) async throws(ServiceError) -> RenderedRendition {
        let image = located.image
        let version = OriginalVersion(image)
        let text = Self.text(spec)
        func rendition(_ pixels: RenderedRendition.Pixels, isHit: Bool) -> RenderedRendition {
            RenderedRendition(
                pixels, of: image, freshness: located.freshness, isHit: isHit,
                format: ImageFormat.detect(pixels.head.readableBytesSpan) ?? spec.format,
                etag: tag(image, spec).etag, for: requester)
        }
        if let cached = cache.body(version.path, version.etag, .rendition(text)) {
            return rendition(.cached(cached), isHit: true)
        }
        var refusals = 0
        while true {
            let key = FlightKey(version: version, text: text, epoch: cache.epoch(of: version.path))
            let isLeader = NIOLockedValueBox(false)
            let result: Result<RenderedRendition.Pixels, ServiceError>
            do {
                result = try await flights.run(key) {
                    isLeader.withLockedValue { $0 = true }
                    return await obtain(located, spec, key, for: requester)
                }
            } catch {
                throw .cancelled
            }
            // Who asked on another's turn was refused on the other's account, and asks once more on its own.
            if case .failure(.overloaded) = result, !isLeader.withLockedValue({ $0 }), refusals < Self.maximumRefusals {
                refusals += 1
                continue
            }
            return rendition(try result.get(), isHit: false)
        }
    }

    /// How often one that asks on others' turns bears their refusals.
    private static let maximumRefusals = 3

    // MARK: Once for all

    private func obtain(
        _ located: Located, _ spec: RenditionSpec, _ key: FlightKey, for requester: Requester
    ) async -> Result<RenderedRendition.Pixels, ServiceError> {
        do throws(ServiceError) {
            switch try await turn(located, key) {
            case .take(let got):
                if let pixels = try await takeOrPassOver(got, key, for: requester) {
                    found.increment()
                    return .success(pixels)
                }
                return .success(try keepInMemory(try await draw(located, spec, for: requester), key, for: requester))
            case .render(let claim):
                return .success(try await draw(located, spec, key, claim, for: requester))
            case nil:
                return .success(try keepInMemory(try await draw(located, spec, for: requester), key, for: requester))
            }
        } catch {
            return .failure(error)
        }
    }

    /// Nil: the store is not asked.
    private func turn(_ located: Located, _ key: FlightKey) async throws(ServiceError) -> KeptRenditions.Turn? {
        guard let kept, !current.health.isAway else { return nil }
        do throws(StorageError) {
            return try await kept.claim(key.text, of: key.version)
        } catch {
            // It can still be made of what is in memory.
            if error.isOutage, cache.contains(key.version.path, key.version.etag, .original) { return nil }
            throw ServiceError(error)
        }
    }

    private func draw(
        _ located: Located, _ spec: RenditionSpec, _ key: FlightKey, _ claim: KeptRenditions.Claim,
        for requester: Requester
    ) async throws(ServiceError) -> RenderedRendition.Pixels {
        do throws(ServiceError) {
            let drawn = try await draw(located, spec, for: requester)
            let bytes = drawn.bytes
            let pixels = try keepInMemory(drawn, key, for: requester)
            kept?.end(claim, with: bytes, isLimited: true) { kept in
                switch kept {
                case .kept: break
                case .existed:
                    // Two renders may differ, where replicas of two releases run side by side: the first one counts.
                    guard let got = try? await self.kept?.find(key.text, of: key.version) else { return }
                    _ = try? await take(got, key, for: requester)
                case .failed: break
                }
            }
            return pixels
        } catch {
            kept?.end(claim, with: nil, isLimited: false) { _ in }
            throw error
        }
    }

    /// Reads what lies in the store into memory; nil where it is to be made anew, since it is no picture, or the store has
    /// broken off its body. Whether the store is away, reading the original will show.
    func takeOrPassOver(
        _ got: GetResult, _ key: FlightKey, for requester: Requester
    ) async throws(ServiceError) -> RenderedRendition.Pixels? {
        do throws(ServiceError) {
            if let pixels = try await take(got, key, for: requester) { return pixels }
            await kept?.discard(key.text, of: key.version)
            return nil
        } catch .storage {
            return nil
        }
    }

    /// Reads what lies in the store into memory; nil where it is no picture.
    private func take(
        _ got: GetResult, _ key: FlightKey, for requester: Requester
    ) async throws(ServiceError) -> RenderedRendition.Pixels? {
        let size = Int(got.info.size)
        let reservation = reserve(size, key)
        // What the cache does not count is counted as an answer from before it comes.
        let room = reservation == nil ? try await answers.admit(size, for: requester) : nil
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
        return .apart(bytes, try answers.settle(size, in: room, for: requester))
    }

    private func keepInMemory(
        _ drawn: Drawn, _ key: FlightKey, for requester: Requester
    ) throws(ServiceError) -> RenderedRendition.Pixels {
        let size = drawn.bytes.readableBytes
        if let reservation = reserve(size, key) { return keepInMemory(drawn.bytes, key, in: reservation) }
        return .apart(drawn.bytes, try answers.settle(size, in: drawn.room, for: requester))
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

    /// A finished file that nobody counts yet, with what was taken for it before it was made.
    private struct Drawn {
        var bytes: ByteBuffer
        /// Nil where the cache was expected to have room for it.
        var room: AnswerMemory.Budget.Reservation?
    }

    private func draw(
        _ located: Located, _ spec: RenditionSpec, for requester: Requester
    ) async throws(ServiceError) -> Drawn {
        // Before it is made, and before its turn: whoever waits here for readers to take their bytes holds up nobody.
        var room: AnswerMemory.Budget.Reservation?
        if let info = located.image.image {
            let bytes = spec.likelyBytes(of: info, limits: limits.codec)
            if bytes > cache.maximumBodyBytes { room = try await answers.admit(about: bytes, for: requester) }
        }
        return Drawn(bytes: try await drawBytes(located, spec, for: requester), room: room)
    }

    private func drawBytes(
        _ located: Located, _ spec: RenditionSpec, for requester: Requester
    ) async throws(ServiceError) -> ByteBuffer {
        if let bytes = try await drawOfIntermediate(located, spec, for: requester) { return bytes }
        let size = located.image.size
        try limits.check(size, toBe: "transformed")
        let turn = try await workers.admit(CodecWork(located.image, spec, limits: limits.codec), for: requester)
        defer { turn.release() }
        let file = try await originals.bytes(of: located, limit: Int(size))
        if let bytes = try await drawByIntermediate(located, file, spec, in: turn) { return bytes }
        let bytes = try await workers.render(file, spec, of: nil, limits: limits.codec, in: turn)
        rendered.increment()
        return bytes
    }
}
