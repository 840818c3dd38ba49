public import ImageCodecs
public import ImageModel

/// Makes renditions. Synchronous and busy: for a thread of its own, never for an event loop.
public enum Renderer {
    /// Part of every rendition's key. Raised whenever the same request would give other pixels or bytes than before,
    /// so that what an older renderer made is not served any more.
    public static let revision = 1

    /// What is done between decoding and encoding, in this order.
    private static let steps: [any RenderStep.Type] = [
        ResampleStep.self,
        FlattenStep.self,
        OrientStep.self,
    ]

    /// The quality where a request names none: 80 for JPEG and for lossy WebP, which is where both curves of size over
    /// visible error begin to turn steep; nil for a format without quality.
    public static func defaultQuality(for format: ImageFormat) -> Int? {
        format.capabilities.hasQuality ? ImageEncoder.defaultQuality : nil
    }

    /// Plans and makes a rendition: decoded to sRGB, cut and scaled, made opaque if the format is, turned upright,
    /// encoded with nothing of the source's metadata but artist and copyright.
    ///
    /// - Parameters:
    ///   - file: the whole stored file.
    ///   - info: what ``ImageHeader/read(_:limits:)`` said of the whole file.
    /// - Throws: ``RenderError``; for an animation ``RenderError/unsupported(_:)``, since showing its first picture
    ///   only would be a loss that nobody asked for.
    public static func render(
        _ file: RawSpan, info: ImageInfo, spec: RenditionSpec, limits: RenderLimits, cancelled: CancelFlag
    ) throws(RenderError) -> RenderedImage {
        let plan = try RenderPlan(info: info, spec: spec, limits: limits)
        return try render(file, info: info, spec: spec, plan: plan, limits: limits, cancelled: cancelled)
    }

    /// The same by a plan that was made before, to admit its memory.
    /// - Parameter plan: made from the same `info` and `spec`.
    public static func render(
        _ file: RawSpan, info: ImageInfo, spec: RenditionSpec, plan: RenderPlan, limits: RenderLimits,
        cancelled: CancelFlag
    ) throws(RenderError) -> RenderedImage {
        var picture: PixelBuffer
        do throws(CodecError) {
            picture = try ImageDecoder.decode(
                file, info: info, scaleDenominator: plan.scaleDenominator, limits: limits.codec, cancelled: cancelled)
        } catch {
            throw .wrapping(error, at: .decode)
        }
        do throws(CodecError) {
            for step in steps {
                picture = try step.apply(picture, plan: plan, cancelled: cancelled)
            }
        } catch {
            throw .wrapping(error, at: .transform)
        }
        do throws(CodecError) {
            let bytes = try ImageEncoder.encode(
                picture, format: spec.format, quality: spec.quality ?? defaultQuality(for: spec.format),
                metadata: EncodedMetadata.read(file, info: info), cancelled: cancelled)
            return RenderedImage(bytes: bytes, format: spec.format, size: picture.size)
        } catch {
            throw .wrapping(error, at: .encode)
        }
    }
}
