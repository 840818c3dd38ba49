import Admission
import ImageCache
import ImageCodecs
import ImageModel
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import Rendering

extension Renditions {
    /// The intermediate of this original; nil: it has none.
    func intermediate(of located: ResolvedImage) -> RenditionSpec? {
        guard kept != nil, let info = located.image.image else { return nil }
        return intermediates?.intermediate(of: info)
    }

    /// Nil if there is no intermediate that can serve.
    func renderFromIntermediate(
        _ located: ResolvedImage, _ spec: RenditionSpec, for client: ClientIdentity
    ) async throws(ServiceError) -> ByteBuffer? {
        guard let intermediate = intermediate(of: located), let info = located.image.image,
            let intermediates, intermediates.serves(spec, of: info),
            let pixels = try await find(intermediate, of: located, for: client)
        else { return nil }
        // Held to the end, because its memory is counted by it.
        defer { withExtendedLifetime(pixels) {} }
        let work = CodecWork(
            file: Int64(pixels.head.readableBytes), ImageInfo(format: .jpeg, size: intermediates.size(of: info)),
            of: info.displaySize, spec, limits: limits.codec)
        let permit = try await workers.admit(work, for: client)
        defer { permit.release() }
        do throws(ServiceError) {
            let bytes = try await workers.render(
                pixels.head, spec, of: info.displaySize, limits: limits.codec, in: permit)
            rendered.increment()
            return bytes
        } catch .unprocessable {
            // The stored intermediate is damaged, which says nothing of the original.
            await kept?.discard(Self.text(intermediate), of: OriginalVersion(located.image))
            cache.invalidate(located.image.object.key)
            return nil
        }
    }

    /// The intermediate's bytes, read from the store once for all who ask at the same time.
    private func find(
        _ intermediate: RenditionSpec, of located: ResolvedImage, for client: ClientIdentity
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
                    got = try await kept.get(key.text, of: version)
                } catch {
                    return .failure(ServiceError(error))
                }
                do throws(ServiceError) {
                    guard let got else { return .success(nil) }
                    return .success(try await loadOrPassOver(got, key, for: client))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .cancelled
        }
        return try result.get()
    }

    /// Makes the intermediate, if that is worth it now, and the rendition from it: the original is decoded once for
    /// both. Nil if the rendition should be made from the original.
    func renderByIntermediate(
        _ located: ResolvedImage, _ file: ByteBuffer, _ spec: RenditionSpec, in permit: CodecWorkers.Permit
    ) async throws(ServiceError) -> ByteBuffer? {
        guard let kept, let intermediates, !current.health.isAway, let intermediate = intermediate(of: located),
            let info = located.image.image, intermediates.serves(spec, of: info)
        else { return nil }
        let version = OriginalVersion(located.image)
        guard pendingIntermediates.withLockedValue({ $0.isOpen(version) }) else { return nil }
        let limits = limits
        let price = try await HeaderReading.run(over: file.readableBytes) {
            () throws(ServiceError) -> IntermediateCost? in
            // The record only tells whether the header is worth reading.
            guard let header = try? ImageHeader.read(file.readableBytesSpan, limits: limits.codec),
                header.displaySize == info.displaySize
            else { return nil }
            return intermediates.price(
                spec, file: file.readableBytesSpan, info: header, limits: RenderLimits(codec: limits.codec))
        }
        guard let price, pendingIntermediates.withLockedValue({ $0.begin(version, at: price) }) else { return nil }
        let key = FlightKey(version: version, text: Self.text(intermediate), epoch: cache.epoch(of: version.path))
        let step: ByteBuffer
        do throws(ServiceError) {
            step = try await workers.render(file, intermediate, of: nil, limits: limits.codec, in: permit)
        } catch {
            pendingIntermediates.withLockedValue { $0.end(version, isWorthAnother: error.isPassing || error.isOfTime) }
            if error.isPassing { throw error }
            return nil
        }
        renderedIntermediates.increment()
        // If it is too large for the store, it would be made again for each of its renditions.
        pendingIntermediates.withLockedValue { $0.end(version, isWorthAnother: RenditionStore.canKeep(step)) }
        if let reservation = reserve(step.readableBytes, key) { _ = keepInMemory(step, key, in: reservation) }
        kept.persistIntermediate(step, key.text, of: version)
        let bytes = try await workers.render(step, spec, of: info.displaySize, limits: limits.codec, in: permit)
        rendered.increment()
        return bytes
    }
}
