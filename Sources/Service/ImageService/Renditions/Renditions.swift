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

/// Gives renditions: from memory; else, once for all who ask at the same time, from the store, from an intermediate or
/// from the original.
struct Renditions: Sendable {
    private let memory: RenditionMemory
    private let sources: RenditionSources
    private let intermediates: IntermediateRules?
    private let flights = SingleFlight<RenditionJob.Key, Result<RenderedRendition.Pixels, ServiceError>>()

    init(
        cache: CurrentImages.Cache, current: CurrentImages, originals: Originals, workers: CodecWorkers,
        answers: AnswerMemory, limits: UploadLimits, keeping: RenditionStoreOptions?, derived: DerivedObjects
    ) {
        let memory = RenditionMemory(cache: cache, answers: answers)
        // All of them are there from the start, whatever is switched on.
        let rendered = Counter(label: "tintype_renditions_rendered_total")
        let found = Counter(label: "tintype_renditions_found_total")
        let made = Counter(label: "tintype_intermediates_rendered_total")
        let store = keeping.map { RenditionStore(objects: derived, keeping: $0) }
        let intermediates = store.flatMap { store in
            keeping?.intermediates.map {
                IntermediateSource(
                    $0, store: store, memory: memory, health: current.health, workers: workers, limits: limits.codec,
                    rendered: rendered, made: made)
            }
        }
        var sources: [any RenditionSource] = []
        if let store { sources.append(StoreSource(store: store, memory: memory, health: current.health, found: found)) }
        sources.append(AnswerReservingSource(memory: memory, limits: limits.codec))
        if let intermediates { sources.append(intermediates) }
        sources.append(
            OriginalSource(
                originals: originals, workers: workers, limits: limits, intermediates: intermediates,
                rendered: rendered))
        self.memory = memory
        self.sources = RenditionSources(sources[...])
        self.intermediates = keeping?.intermediates
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
        _ resolved: ResolvedImage, _ spec: RenditionSpec, for client: ClientIdentity
    ) async throws(ServiceError) -> RenderedRendition {
        let image = resolved.image
        let version = OriginalVersion(image)
        let text = Self.text(spec)
        func rendition(_ pixels: RenderedRendition.Pixels, isHit: Bool) -> RenderedRendition {
            RenderedRendition(
                pixels, of: image, freshness: resolved.freshness, isHit: isHit,
                format: ImageFormat.detect(pixels.head.readableBytesSpan) ?? spec.format,
                etag: tag(image, spec).etag, for: client)
        }
        if let pixels = memory.find(version, text) { return rendition(pixels, isHit: true) }
        var rejections = 0
        while true {
            let key = RenditionJob.Key(version: version, text: text, epoch: memory.cache.epoch(of: version.path))
            let job = RenditionJob(resolved: resolved, spec: spec, key: key, client: client)
            let isLeader = NIOLockedValueBox(false)
            let result: Result<RenderedRendition.Pixels, ServiceError>
            do {
                result = try await flights.run(key) {
                    isLeader.withLockedValue { $0 = true }
                    return await obtain(job)
                }
            } catch {
                throw .cancelled
            }
            // A caller that joined another's work was rejected on the other's account, so it asks again on its own.
            if case .failure(let error) = result, error.isOfClient, !isLeader.withLockedValue({ $0 }) {
                rejections += 1
                if rejections <= Self.maximumRejections { continue }
                // The limit of another client is not this one's.
                if case .rateLimited = error { throw .overloaded(retryAfter: 1) }
            }
            return rendition(try result.get(), isHit: false)
        }
    }

    /// How often a caller accepts rejections of work that it has joined.
    private static let maximumRejections = 3

    private func obtain(_ job: RenditionJob) async -> Result<RenderedRendition.Pixels, ServiceError> {
        do throws(ServiceError) {
            return .success(try memory.keep(try await sources.rendition(job), job.key, for: job.client))
        } catch {
            return .failure(error)
        }
    }
}
