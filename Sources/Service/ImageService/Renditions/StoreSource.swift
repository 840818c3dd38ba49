import ImageCache
import Metrics
import NIOCore
import ObjectStorage

/// Renditions that some replica has put into the store. What the next source makes is written there.
struct StoreSource: RenditionSource {
    let store: RenditionStore
    let memory: RenditionMemory
    let health: StorageHealth
    let found: Counter

    func rendition(_ job: RenditionJob, next: RenditionSources) async throws(ServiceError) -> RenditionBytes {
        switch try await lookUp(job) {
        case .found(let got):
            if let pixels = try await memory.loadOrDiscard(got, job.key, from: store, for: job.client) {
                found.increment()
                return .counted(pixels)
            }
            return try await next.rendition(job)
        case .missing(let claim): return try await makeAndPersist(job, claim, next)
        case nil: return try await next.rendition(job)
        }
    }

    /// Nil: the store is not asked.
    private func lookUp(_ job: RenditionJob) async throws(ServiceError) -> RenditionStore.Lookup? {
        guard !health.isAway else { return nil }
        let version = job.key.version
        do throws(StorageError) {
            return try await store.lookUp(job.key.text, of: version)
        } catch {
            // It can still be made from the original in memory.
            if error.isOutage, memory.cache.contains(version.path, version.etag, .original) { return nil }
            throw ServiceError(error)
        }
    }

    private func makeAndPersist(
        _ job: RenditionJob, _ claim: RenditionStore.Claim, _ next: RenditionSources
    ) async throws(ServiceError) -> RenditionBytes {
        do throws(ServiceError) {
            let rendition = try await next.rendition(job)
            let bytes: ByteBuffer? = if case .new(let bytes, _) = rendition { bytes } else { nil }
            let pixels = try memory.keep(rendition, job.key, for: job.client)
            store.persist(claim, with: bytes, isLimited: true) { outcome in
                switch outcome {
                case .stored: break
                case .existed:
                    // Two renders may differ if replicas of two releases run side by side: the first one counts.
                    guard let got = try? await store.get(job.key.text, of: job.key.version) else { return }
                    _ = try? await memory.load(got, job.key, for: job.client)
                case .failed: break
                }
            }
            return .counted(pixels)
        } catch {
            store.persist(claim, with: nil, isLimited: false) { _ in }
            throw error
        }
    }
}
