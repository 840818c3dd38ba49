import Admission
import ImageCache
import ImageCodecs
public import ImageModel
import NIOCore
public import ObjectStorage
import Rendering

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

/// Makes renditions, each once for all who ask at the same time, and keeps them in memory.
struct Renditions: Sendable {
    private struct FlightKey: Hashable, Sendable {
        var path: ObjectKey
        var etag: ETag
        var text: String
        var epoch: WriteEpoch
    }

    let cache: CurrentImages.Cache
    let current: CurrentImages
    let originals: Originals
    let workers: CodecWorkers
    let limits: UploadLimits
    private let flights = SingleFlight<FlightKey, Result<RenderedRendition.Pixels, ServiceError>>()

    init(
        cache: CurrentImages.Cache, current: CurrentImages, originals: Originals, workers: CodecWorkers,
        limits: UploadLimits
    ) {
        self.cache = cache
        self.current = current
        self.originals = originals
        self.workers = workers
        self.limits = limits
    }

    /// The rendition's entity tag: a hash of all that decides its bytes.
    static func etag(_ image: StoredImage, _ spec: RenditionSpec) -> ETag {
        ETag(opaque: StoredImage.digest("\(image.object.key.text)\n\(image.etag.text)\n\(text(spec))"))
    }

    /// The canonical request with the renderer's revision: a mended renderer leaves no wrong picture behind.
    static func text(_ spec: RenditionSpec) -> String {
        "\(spec.canonicalText)&r=\(Renderer.revision)"
    }

    func render(_ located: Located, _ spec: RenditionSpec) async throws(ServiceError) -> RenderedRendition {
        let image = located.image
        let path = image.object.key
        let text = Self.text(spec)
        func rendition(_ pixels: RenderedRendition.Pixels, isHit: Bool) -> RenderedRendition {
            RenderedRendition(
                source: image, freshness: located.freshness, isHit: isHit,
                format: ImageFormat.detect(pixels.head.readableBytesSpan) ?? spec.format,
                etag: Self.etag(image, spec), pixels: pixels)
        }
        if let cached = cache.body(path, image.etag, .rendition(text)) {
            return rendition(.cached(cached), isHit: true)
        }
        let key = FlightKey(path: path, etag: image.etag, text: text, epoch: cache.epoch(of: path))
        let result: Result<RenderedRendition.Pixels, ServiceError>
        do {
            result = try await flights.run(key) { await make(located, spec, key) }
        } catch {
            throw .cancelled
        }
        return rendition(try result.get(), isHit: false)
    }

    private func make(
        _ located: Located, _ spec: RenditionSpec, _ key: FlightKey
    ) async -> Result<RenderedRendition.Pixels, ServiceError> {
        do throws(ServiceError) {
            let bytes = try await draw(located, spec)
            guard let reservation = cache.reserve(key.path, .rendition(key.text), bytes: bytes.readableBytes) else {
                return .success(.apart(bytes))
            }
            return .success(
                .cached(
                    cache.setBody(
                        key.path, key.etag, .rendition(key.text), [bytes], in: reservation, asked: key.epoch)))
        } catch {
            return .failure(error)
        }
    }

    private func draw(_ located: Located, _ spec: RenditionSpec) async throws(ServiceError) -> ByteBuffer {
        let size = located.image.size
        try limits.check(size, toBe: "transformed")
        let room = try await workers.admitFile(size)
        defer { room.release() }
        let limits = RenderLimits(codec: limits.codec)
        let file = try await originals.bytes(of: located, limit: Int(size))
        // What the record says of the picture is not enough to take memory by: the header itself is read.
        let info: ImageInfo
        do {
            info = try ImageHeader.read(file.readableBytesSpan, limits: limits.codec)
        } catch {
            throw .unprocessable(error)
        }
        let plan: RenderPlan
        do {
            plan = try RenderPlan(info: info, spec: spec, limits: limits)
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
