import Admission
import ImageCache
import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage

/// Renditions in memory: in the cache, or counted as an answer if the cache cannot hold them.
struct RenditionMemory: Sendable {
    let cache: CurrentImages.Cache
    let answers: AnswerMemory

    /// Nil: it is not in the cache.
    func find(_ version: OriginalVersion, _ text: String) -> RenderedRendition.Pixels? {
        cache.body(version.path, version.etag, .rendition(text)).map { .cached($0) }
    }

    /// Counts new bytes. After this, somebody counts them until the last one is sent.
    func keep(
        _ rendition: RenditionBytes, _ key: RenditionJob.Key, for client: ClientIdentity
    ) throws(ServiceError) -> RenderedRendition.Pixels {
        switch rendition {
        case .counted(let pixels): return pixels
        case .new(let bytes, let reservation):
            let size = bytes.readableBytes
            if let pixels = keepInCache(bytes, key) { return pixels }
            return .apart(bytes, try answers.settle(size, in: reservation, for: client))
        }
    }

    /// Nil: the cache cannot hold it.
    func keepInCache(_ bytes: ByteBuffer, _ key: RenditionJob.Key) -> RenderedRendition.Pixels? {
        reserve(bytes.readableBytes, key).map { keep(bytes, key, in: $0) }
    }

    /// Reads a stored rendition into memory. Nil if it must be made anew, because it is not a picture or the store
    /// broke off its body. Reading the original will show whether the store is away.
    func loadOrDiscard(
        _ got: GetResult, _ key: RenditionJob.Key, from store: RenditionStore, for client: ClientIdentity
    ) async throws(ServiceError) -> RenderedRendition.Pixels? {
        do throws(ServiceError) {
            if let pixels = try await load(got, key, for: client) { return pixels }
            await store.discard(key.text, of: key.version)
            return nil
        } catch .storage {
            return nil
        }
    }

    /// Reads a stored rendition into memory; nil if it is not a picture.
    func load(
        _ got: GetResult, _ key: RenditionJob.Key, for client: ClientIdentity
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
        if let reservation { return keep(bytes, key, in: reservation) }
        return .apart(bytes, try answers.settle(size, in: answer, for: client))
    }

    private func reserve(_ bytes: Int, _ key: RenditionJob.Key) -> BodyReservation? {
        cache.reserve(key.version.path, .rendition(key.text), bytes: bytes)
    }

    private func keep(
        _ bytes: ByteBuffer, _ key: RenditionJob.Key, in reservation: BodyReservation
    ) -> RenderedRendition.Pixels {
        let version = key.version
        return .cached(
            cache.setBody(
                version.path, version.etag, .rendition(key.text), [bytes], in: reservation, asked: key.epoch))
    }
}
