import ImageCache
import ImageCodecs
public import ImageModel
public import NIOCore
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
    public var format: ImageFormat
    public var etag: ETag
    public var bytes: ByteBuffer
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
    private let flights = SingleFlight<FlightKey, Result<ByteBuffer, ServiceError>>()

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
    private static func text(_ spec: RenditionSpec) -> String {
        "\(spec.canonicalText)&r=\(Renderer.revision)"
    }

    func render(_ located: Located, _ spec: RenditionSpec) async throws(ServiceError) -> RenderedRendition {
        let image = located.image
        let path = image.object.key
        let text = Self.text(spec)
        var rendition = RenderedRendition(
            source: image, freshness: located.freshness, isHit: true, format: spec.format,
            etag: Self.etag(image, spec), bytes: ByteBuffer())
        if let cached = cache.body(path, image.etag, .rendition(text)) {
            rendition.bytes = cached.bytes
            return rendition
        }
        rendition.isHit = false
        let key = FlightKey(path: path, etag: image.etag, text: text, epoch: cache.epoch(of: path))
        let result: Result<ByteBuffer, ServiceError>
        do {
            result = try await flights.run(key) { await make(located, spec, key) }
        } catch {
            throw .cancelled
        }
        rendition.bytes = try result.get()
        return rendition
    }

    private func make(
        _ located: Located, _ spec: RenditionSpec, _ key: FlightKey
    ) async -> Result<ByteBuffer, ServiceError> {
        do throws(ServiceError) {
            let bytes = try await draw(located, spec)
            if let reservation = cache.reserve(key.path, bytes: bytes.readableBytes) {
                _ = cache.setBody(
                    key.path, key.etag, .rendition(key.text), bytes, in: reservation, asked: key.epoch)
            }
            return .success(bytes)
        } catch {
            return .failure(error)
        }
    }

    private func draw(_ located: Located, _ spec: RenditionSpec) async throws(ServiceError) -> ByteBuffer {
        let size = located.image.size
        guard size <= limits.maximumBytes else {
            throw .beyondLimit("This image has \(size) bytes; at most \(limits.maximumBytes) can be transformed.")
        }
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
        let memory = plan.memoryBytes(file: file.readableBytesSpan, info: info, limits: limits) + file.readableBytes
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
