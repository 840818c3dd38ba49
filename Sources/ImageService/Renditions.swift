import Admission
import ImageCache
import ImageCodecs
public import ImageModel
import Metrics
import NIOConcurrencyHelpers
import NIOCore
public import ObjectStorage
import Rendering

/// The entity tag of a rendition.
public struct RenditionTag: Sendable, Hashable {
    public var etag: ETag
    /// Whether it stands for one sequence of bytes. A rendition that may be made of the original or of its intermediate
    /// comes in two, which look the same: parts of them must not be put together.
    public var isStrong: Bool
}

/// A rendition, whole, in memory.
public struct RenderedRendition: Sendable {
    /// The original that it was made from.
    public var source: StoredImage
    /// How the original's version was found.
    public var freshness: Freshness
    /// Whether the rendition itself was in memory.
    public var isHit: Bool
    /// Of the file; not always the one that was asked for, as WebP stands in for AVIF.
    public var format: ImageFormat
    public var etag: ETag
    fileprivate var pixels: Pixels

    /// The finished file. One that is in the cache is counted there for as long as somebody sends it.
    fileprivate enum Pixels: Sendable {
        case cached(CachedBody)
        case apart(ByteBuffer)

        /// The first bytes of it, enough to tell its format.
        var head: ByteBuffer {
            switch self {
            case .cached(let body): body.head
            case .apart(let bytes): bytes
            }
        }
    }

    /// Of the whole, in bytes.
    public var size: Int {
        switch pixels {
        case .cached(let body): body.size
        case .apart(let bytes): bytes.readableBytes
        }
    }

    /// A range of the bytes, which lies within the whole.
    public func stream(_ range: Range<Int>) -> ObjectBody {
        switch pixels {
        case .cached(let body): body.stream(range)
        case .apart(let bytes):
            ObjectBody(bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer())
        }
    }
}

/// Makes renditions, each once for all who ask at the same time, and keeps them in memory and, where it is told to, in the
/// store.
struct Renditions: Sendable {
    private struct FlightKey: Hashable, Sendable {
        var version: OriginalVersion
        var text: String
        var epoch: WriteEpoch
    }

    let cache: CurrentImages.Cache
    let current: CurrentImages
    let originals: Originals
    let workers: CodecWorkers
    let limits: UploadLimits
    /// Nil: none is kept in the store.
    private let kept: KeptRenditions?
    private let ladder: Ladder?
    private let flights = SingleFlight<FlightKey, Result<RenderedRendition.Pixels, ServiceError>>()
    private let intermediateFlights = SingleFlight<FlightKey, Result<RenderedRendition.Pixels?, ServiceError>>()
    /// What is known of intermediates.
    private let climbing = NIOLockedValueBox(Climbing())
    private let derived: DerivedObjects
    private let intermediates = Counter(label: "tintype_intermediates_rendered_total")
    private let rendered = Counter(label: "tintype_renditions_rendered_total")
    private let found = Counter(label: "tintype_renditions_found_total")

    init(
        cache: CurrentImages.Cache, current: CurrentImages, originals: Originals, workers: CodecWorkers,
        limits: UploadLimits, keeping: RenditionKeeping?, derived: DerivedObjects
    ) {
        self.cache = cache
        self.current = current
        self.originals = originals
        self.workers = workers
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
                source: image, freshness: located.freshness, isHit: isHit,
                format: ImageFormat.detect(pixels.head.readableBytesSpan) ?? spec.format,
                etag: tag(image, spec).etag, pixels: pixels)
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
                if let pixels = try await take(got, key, for: requester) {
                    found.increment()
                    return .success(pixels)
                }
                await kept?.discard(key.text, of: key.version)
                return .success(keepInMemory(try await draw(located, spec, for: requester), key))
            case .render(let claim):
                return .success(try await draw(located, spec, key, claim, for: requester))
            case nil:
                return .success(keepInMemory(try await draw(located, spec, for: requester), key))
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
            let bytes = try await draw(located, spec, for: requester)
            let pixels = keepInMemory(bytes, key)
            kept?.end(claim, with: bytes, isLimited: !spec.isIntermediate) { kept in
                switch kept {
                case .kept: break
                case .existed:
                    // Two renders may differ, where replicas of two releases run side by side: the first one counts.
                    guard let got = try? await self.kept?.find(key.text, of: key.version) else { return }
                    _ = try? await take(got, key, for: requester)
                case .failed: break
                }
            }
            // Too large for that, it would be made again for each of its renditions.
            if spec.isIntermediate, !KeptRenditions.canKeep(bytes) {
                climbing.withLockedValue { $0.giveUp(key.version) }
            }
            return pixels
        } catch {
            kept?.end(claim, with: nil, isLimited: false) { _ in }
            if spec.isIntermediate, !error.isPassing { climbing.withLockedValue { $0.giveUp(key.version) } }
            throw error
        }
    }

    /// Reads what lies in the store into memory; nil where it is no picture.
    private func take(
        _ got: GetResult, _ key: FlightKey, for requester: Requester
    ) async throws(ServiceError) -> RenderedRendition.Pixels? {
        let size = Int(got.info.size)
        let path = key.version.path
        let reservation = cache.reserve(path, .rendition(key.text), bytes: size)
        // What the cache does not count has to be counted elsewhere while it comes.
        let room = reservation == nil ? try await workers.admitFile(got.info.size, decoded: size, for: requester) : nil
        defer { room?.release() }
        let bytes: ByteBuffer
        do {
            bytes = try await got.body.collect(upTo: size, reserving: size)
        } catch let error as StorageError {
            throw ServiceError(error)
        } catch {
            throw .cancelled
        }
        guard bytes.readableBytes == size, ImageFormat.detect(bytes.readableBytesSpan) != nil else { return nil }
        guard let reservation else { return .apart(bytes) }
        return .cached(
            cache.setBody(path, key.version.etag, .rendition(key.text), [bytes], in: reservation, asked: key.epoch))
    }

    private func keepInMemory(_ bytes: ByteBuffer, _ key: FlightKey) -> RenderedRendition.Pixels {
        let path = key.version.path
        guard let reservation = cache.reserve(path, .rendition(key.text), bytes: bytes.readableBytes) else {
            return .apart(bytes)
        }
        return .cached(
            cache.setBody(path, key.version.etag, .rendition(key.text), [bytes], in: reservation, asked: key.epoch))
    }

    // MARK: Rendering

    private func draw(
        _ located: Located, _ spec: RenditionSpec, for requester: Requester
    ) async throws(ServiceError) -> ByteBuffer {
        if let bytes = try await drawOfIntermediate(located, spec, for: requester) { return bytes }
        let size = located.image.size
        try limits.check(size, toBe: "transformed")
        let turn = try await workers.admit(located.image, isStill: spec.isStill, for: requester)
        defer { turn.release() }
        let file = try await originals.bytes(of: located, limit: Int(size))
        let bytes = try await draw(file, spec, of: nil)
        let intermediate = intermediate(of: located)
        if spec == intermediate {
            intermediates.increment()
        } else {
            rendered.increment()
            if let intermediate { leave(intermediate, of: located) }
        }
        return bytes
    }

    /// - Parameter original: the size of the original, where `file` is an intermediate of it.
    private func draw(
        _ file: ByteBuffer, _ spec: RenditionSpec, of original: PixelSize?
    ) async throws(ServiceError) -> ByteBuffer {
        let limits = RenderLimits(codec: limits.codec)
        // What the record says of the picture is not enough to take memory by: the header itself is read.
        let info: ImageInfo
        do {
            info = try ImageHeader.read(file.readableBytesSpan, limits: limits.codec)
        } catch {
            throw .unprocessable(error)
        }
        let plan: RenderPlan
        do {
            plan = try RenderPlan(info: info, of: original, spec: spec, limits: limits)
        } catch {
            throw ServiceError(error)
        }
        let memory = plan.memoryBytes(file: file.readableBytesSpan, info: info, limits: limits)
        return try await workers.run(bytes: memory) { cancelled in
            do throws(RenderError) {
                let rendered = try Renderer.render(
                    file.readableBytesSpan, info: info, spec: spec, plan: plan, limits: limits, cancelled: cancelled)
                return ByteBuffer(bytes: rendered.bytes)
            } catch {
                throw ServiceError(error)
            }
        }
    }

    // MARK: The ladder

    /// The intermediate that this original is to have; nil: none.
    private func intermediate(of located: Located) -> RenditionSpec? {
        guard kept != nil, let info = located.image.image else { return nil }
        return ladder?.intermediate(of: info)
    }

    /// Nil where there is no intermediate, or none that serves.
    private func drawOfIntermediate(
        _ located: Located, _ spec: RenditionSpec, for requester: Requester
    ) async throws(ServiceError) -> ByteBuffer? {
        guard let intermediate = intermediate(of: located), let info = located.image.image,
            ladder?.serves(spec, of: info) == true,
            let pixels = try await find(intermediate, of: located, for: requester)
        else { return nil }
        // Held to the end, since what it holds is counted.
        defer { withExtendedLifetime(pixels) {} }
        let turn = try await workers.admitFile(Int64(pixels.head.readableBytes), for: requester)
        defer { turn.release() }
        do throws(ServiceError) {
            let bytes = try await draw(pixels.head, spec, of: info.displaySize)
            rendered.increment()
            return bytes
        } catch .unprocessable {
            // What lies there is damaged, which says nothing of the original.
            await kept?.discard(Self.text(intermediate), of: OriginalVersion(located.image))
            cache.invalidate(located.image.object.key)
            return nil
        }
    }

    /// The intermediate's bytes, read from the store once for all who want them.
    private func find(
        _ intermediate: RenditionSpec, of located: Located, for requester: Requester
    ) async throws(ServiceError) -> RenderedRendition.Pixels? {
        let version = OriginalVersion(located.image)
        let key = FlightKey(version: version, text: Self.text(intermediate), epoch: cache.epoch(of: version.path))
        if let cached = cache.body(version.path, version.etag, .rendition(key.text)) { return .cached(cached) }
        guard let kept, !current.health.isAway else { return nil }
        let result: Result<RenderedRendition.Pixels?, ServiceError>
        do {
            result = try await intermediateFlights.run(key) {
                let got: GetResult?
                do throws(StorageError) {
                    got = try await kept.find(key.text, of: version)
                } catch {
                    return .failure(ServiceError(error))
                }
                do throws(ServiceError) {
                    guard let got else { return .success(nil) }
                    if let pixels = try await take(got, key, for: requester) { return .success(pixels) }
                    await kept.discard(key.text, of: version)
                    return .success(nil)
                } catch {
                    // Its body has broken off: the original may still be had.
                    if case .storage(let error) = error, !error.isOutage { return .success(nil) }
                    return .failure(error)
                }
            }
        } catch {
            throw .cancelled
        }
        return try result.get()
    }

    /// Makes the intermediate in the background, after the first rendition, unless others wait for what that takes.
    private func leave(_ intermediate: RenditionSpec, of located: Located) {
        let version = OriginalVersion(located.image)
        guard let kept, workers.usage.queued == 0, climbing.withLockedValue({ $0.begin(version) }) else { return }
        derived.tasks.start {
            if !(await kept.contains(Self.text(intermediate), of: version)) {
                _ = try? await render(located, intermediate, for: .unknown)
            }
            climbing.withLockedValue { $0.end(version) }
        }
    }
}

/// Which intermediates are being made, one at a time, and which are not worth another try.
private struct Climbing {
    private static let maximumGivenUp = 10_000
    private var present: OriginalVersion?
    private var givenUp: Set<OriginalVersion> = []

    mutating func begin(_ version: OriginalVersion) -> Bool {
        guard present == nil, !givenUp.contains(version) else { return false }
        present = version
        return true
    }

    mutating func end(_ version: OriginalVersion) { present = nil }

    mutating func giveUp(_ version: OriginalVersion) {
        if givenUp.count >= Self.maximumGivenUp { givenUp.removeAll() }
        givenUp.insert(version)
    }
}

extension ServiceError {
    init(_ error: RenderError) {
        self =
            switch error {
            case .codec(_, let error): .unprocessable(error)
            case .unsupported: .cannotRender(error.publicText)
            case .tooLarge: .beyondLimit(error.publicText)
            case .cancelled: .cancelled
            }
    }
}
