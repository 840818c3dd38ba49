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
    /// The intermediate that this original is to have; nil: none.
    func intermediate(of located: Located) -> RenditionSpec? {
        guard kept != nil, let info = located.image.image else { return nil }
        return ladder?.intermediate(of: info)
    }

    /// Nil where there is no intermediate, or none that serves.
    func drawOfIntermediate(
        _ located: Located, _ spec: RenditionSpec, for requester: Requester
    ) async throws(ServiceError) -> ByteBuffer? {
        guard let intermediate = intermediate(of: located), let info = located.image.image,
            ladder?.serves(spec, of: info) == true,
            let pixels = try await find(intermediate, of: located, for: requester)
        else { return nil }
        // Held to the end, since what it holds is counted.
        defer { withExtendedLifetime(pixels) {} }
        CodecDemand.current?.note()
        let turn = try await workers.admitFile(Int64(pixels.head.readableBytes), for: requester)
        defer { turn.release() }
        do throws(ServiceError) {
            let bytes = try await workers.render(pixels.head, spec, of: info.displaySize, limits: limits.codec)
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
                    return .success(try await takeOrPassOver(got, key, for: requester))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .cancelled
        }
        return try result.get()
    }

    /// Makes the intermediate in the background, after the first rendition, unless others wait for what that takes.
    func leave(_ intermediate: RenditionSpec, of located: Located) {
        let version = OriginalVersion(located.image)
        guard let kept, workers.usage.queued == 0, climbing.withLockedValue({ $0.begin(version) }) else { return }
        derived.tasks.start {
            if !(await kept.contains(Self.text(intermediate), of: version)) {
                // Nobody waits for it, and the client of the rendition has nothing to do with it.
                await CodecDemand.$current.withValue(nil) {
                    _ = try? await render(located, intermediate, for: .unknown)
                }
            }
            climbing.withLockedValue { $0.end(version) }
        }
    }
}
