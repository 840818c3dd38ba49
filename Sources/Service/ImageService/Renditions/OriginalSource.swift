import Admission
import ImageCache
import ImageCodecs
import ImageModel
import Metrics
import NIOCore

/// Reserves memory for an answer that the cache will not hold. It comes before the work and before the wait for a
/// permit, so that a wait for readers to take their bytes delays nobody else.
struct AnswerReservingSource: RenditionSource {
    let memory: RenditionMemory
    let limits: CodecLimits

    func rendition(_ job: RenditionJob, next: RenditionSources) async throws(ServiceError) -> RenditionBytes {
        guard let info = job.resolved.image.image else { return try await next.rendition(job) }
        let bytes = job.spec.likelyBytes(of: info, limits: limits)
        guard bytes > memory.cache.maximumBodyBytes else { return try await next.rendition(job) }
        let reservation = try await memory.answers.admit(about: bytes, for: job.client)
        let rendition = try await next.rendition(job)
        guard case .new(let file, _) = rendition else { return rendition }
        return .new(file, reservation)
    }
}

/// Renditions made from the original, which has every one. On the way an intermediate may be made.
struct OriginalSource: RenditionSource {
    let originals: Originals
    let workers: CodecWorkers
    let limits: UploadLimits
    /// Nil: none are made.
    let intermediates: IntermediateSource?
    let rendered: Counter

    func rendition(_ job: RenditionJob, next: RenditionSources) async throws(ServiceError) -> RenditionBytes {
        let size = job.resolved.image.size
        try limits.check(size, toBe: "transformed")
        let permit = try await workers.admit(
            CodecWork(job.resolved.image, job.spec, limits: limits.codec), for: job.client)
        defer { permit.release() }
        let file = try await originals.bytes(of: job.resolved, limit: Int(size))
        if let bytes = try await intermediates?.makeAndUse(job, file, in: permit) { return .new(bytes, nil) }
        let bytes = try await workers.render(file, job.spec, of: nil, limits: limits.codec, in: permit)
        rendered.increment()
        return .new(bytes, nil)
    }
}
