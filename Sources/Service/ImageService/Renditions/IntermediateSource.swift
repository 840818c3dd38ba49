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

/// Renditions made from an intermediate: a smaller copy of a large original, which is quick to decode.
struct IntermediateSource: RenditionSource {
    private let rules: IntermediateRules
    private let store: RenditionStore
    private let memory: RenditionMemory
    private let health: StorageHealth
    private let workers: CodecWorkers
    private let limits: CodecLimits
    private let rendered: Counter
    private let made: Counter
    private let flights = SingleFlight<RenditionJob.Key, Result<RenderedRendition.Pixels?, ServiceError>>()
    private let pending = NIOLockedValueBox(PendingIntermediates())

    init(
        _ rules: IntermediateRules, store: RenditionStore, memory: RenditionMemory, health: StorageHealth,
        workers: CodecWorkers, limits: CodecLimits, rendered: Counter, made: Counter
    ) {
        self.rules = rules
        self.store = store
        self.memory = memory
        self.health = health
        self.workers = workers
        self.limits = limits
        self.rendered = rendered
        self.made = made
    }

    func rendition(_ job: RenditionJob, next: RenditionSources) async throws(ServiceError) -> RenditionBytes {
        if let bytes = try await renderFromIntermediate(job) { return .new(bytes, nil) }
        return try await next.rendition(job)
    }

    /// Nil if there is no intermediate that can serve.
    private func renderFromIntermediate(_ job: RenditionJob) async throws(ServiceError) -> ByteBuffer? {
        guard let (intermediate, info) = intermediate(for: job), let pixels = try await find(intermediate, job) else {
            return nil
        }
        // Held to the end, because its memory is counted by it.
        defer { withExtendedLifetime(pixels) {} }
        do throws(ServiceError) {
            let work = CodecWork(
                file: Int64(pixels.head.readableBytes), ImageInfo(format: .jpeg, size: rules.size(of: info)),
                of: info.displaySize, job.spec, limits: limits)
            let permit = try await workers.admit(work, for: job.client)
            defer { permit.release() }
            let bytes = try await workers.render(
                pixels.head, job.spec, of: info.displaySize, limits: limits, in: permit)
            rendered.increment()
            return bytes
        } catch .unprocessable {
            // The stored intermediate is damaged, which says nothing of the original.
            await store.discard(Renditions.text(intermediate), of: job.key.version)
            memory.cache.invalidate(job.resolved.image.object.key)
            return nil
        }
    }

    /// The intermediate that could serve, and what the record says of the original; nil: none.
    private func intermediate(for job: RenditionJob) -> (RenditionSpec, ImageInfo)? {
        guard let info = job.resolved.image.image, let intermediate = rules.intermediate(of: info),
            rules.serves(job.spec, of: info)
        else { return nil }
        return (intermediate, info)
    }

    private func key(_ intermediate: RenditionSpec, _ job: RenditionJob) -> RenditionJob.Key {
        let version = job.key.version
        return RenditionJob.Key(
            version: version, text: Renditions.text(intermediate), epoch: memory.cache.epoch(of: version.path))
    }

    /// The intermediate's bytes, read from the store once for all who ask at the same time.
    private func find(
        _ intermediate: RenditionSpec, _ job: RenditionJob
    ) async throws(ServiceError) -> RenderedRendition.Pixels? {
        let key = key(intermediate, job)
        if let pixels = memory.find(key.version, key.text) { return pixels }
        guard !health.isAway else { return nil }
        let result: Result<RenderedRendition.Pixels?, ServiceError>
        do {
            result = try await flights.run(key) {
                do throws(StorageError) {
                    guard let got = try await store.get(key.text, of: key.version) else { return .success(nil) }
                    return await load(got, key, for: job.client)
                } catch {
                    return .failure(ServiceError(error))
                }
            }
        } catch {
            throw .cancelled
        }
        return try result.get()
    }

    private func load(
        _ got: GetResult, _ key: RenditionJob.Key, for client: ClientIdentity
    ) async -> Result<RenderedRendition.Pixels?, ServiceError> {
        do throws(ServiceError) {
            return .success(try await memory.loadOrDiscard(got, key, from: store, for: client))
        } catch {
            return .failure(error)
        }
    }

    /// Makes the intermediate, if that is worth it now, and the rendition from it: the original is decoded once for
    /// both. Nil if the rendition should be made from the original.
    ///
    /// - Parameter file: the original.
    func makeAndUse(
        _ job: RenditionJob, _ file: ByteBuffer, in permit: CodecWorkers.Permit
    ) async throws(ServiceError) -> ByteBuffer? {
        let version = job.key.version
        guard !health.isAway, let (intermediate, info) = intermediate(for: job),
            pending.withLockedValue({ $0.isOpen(version) }),
            let cost = try await cost(job.spec, file, info),
            pending.withLockedValue({ $0.begin(version, at: cost) })
        else { return nil }
        // Its epoch is that of before the work: a write that comes meanwhile is seen.
        let key = key(intermediate, job)
        let step: ByteBuffer
        do throws(ServiceError) {
            step = try await workers.render(file, intermediate, of: nil, limits: limits, in: permit)
        } catch {
            pending.withLockedValue { $0.end(version, isWorthAnother: error.isPassing || error.isOfTime) }
            if error.isPassing { throw error }
            return nil
        }
        made.increment()
        // If it is too large for the store, it would be made again for each of its renditions.
        pending.withLockedValue { $0.end(version, isWorthAnother: RenditionStore.canKeep(step)) }
        _ = memory.keepInCache(step, key)
        store.persistIntermediate(step, key.text, of: version)
        let bytes = try await workers.render(step, job.spec, of: info.displaySize, limits: limits, in: permit)
        rendered.increment()
        return bytes
    }

    /// Nil: the file is not what its record says.
    private func cost(
        _ spec: RenditionSpec, _ file: ByteBuffer, _ info: ImageInfo
    ) async throws(ServiceError) -> IntermediateCost? {
        let (limits, rules) = (limits, rules)
        return try await HeaderReading.run(over: file.readableBytes) { () throws(ServiceError) -> IntermediateCost? in
            // The record only tells whether the header is worth reading.
            guard let header = try? ImageHeader.read(file.readableBytesSpan, limits: limits),
                header.displaySize == info.displaySize
            else { return nil }
            return rules.price(
                spec, file: file.readableBytesSpan, info: header, limits: RenderLimits(codec: limits))
        }
    }
}
