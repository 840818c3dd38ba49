public import ImageCodecs
public import ImageModel

/// Makes renditions. Synchronous and compute-intensive: for a thread of its own, never for an event loop.
public enum Renderer {
    /// Part of every rendition's key. Raised whenever the same request would give other pixels or bytes than before, so
    /// that results of an older renderer are no longer served.
    public static let revision = 4

    /// The steps between resampling and encoding, in this order.
    private static let steps: [any RenderStep.Type] = [
        BlurStep.self,
        SharpenStep.self,
        FlattenStep.self,
        OrientStep.self,
        PadStep.self,
    ]

    /// The quality if a request names none: 80 for JPEG and lossy WebP, where both curves of size over visible error
    /// begin to turn steep; nil for a format without quality.
    public static func defaultQuality(for format: ImageFormat) -> Int? {
        format.capabilities.hasQuality ? ImageEncoder.defaultQuality : nil
    }

    /// Plans and makes a rendition: decoded to sRGB, cropped and scaled, blurred, sharpened, made opaque if the format
    /// is, rotated, padded, and encoded without metadata of the source except artist and copyright.
    ///
    /// - Parameters:
    ///   - file: the whole stored file.
    ///   - info: from ``ImageHeader/read(_:limits:)`` for the whole file.
    ///
    /// An animation stays one, as WebP, unless the spec asks for a still picture.
    /// - Throws: ``RenderError``; for an animation in another format ``RenderError/unsupported(_:)``, because showing
    ///   only its first frame would be a loss that nobody asked for.
    public static func render(
        _ file: RawSpan, info: ImageInfo, spec: RenditionSpec, limits: RenderLimits, cancelled: CancelFlag
    ) throws(RenderError) -> RenderedImage {
        let plan = try RenderPlan(info: info, spec: spec, limits: limits)
        return try render(file, info: info, spec: spec, plan: plan, limits: limits, cancelled: cancelled)
    }

    /// The same with a plan that was made before, so that its memory could be admitted.
    /// - Parameter plan: made from the same `info` and `spec`.
    public static func render(
        _ file: RawSpan, info: ImageInfo, spec: RenditionSpec, plan: RenderPlan, limits: RenderLimits,
        cancelled: CancelFlag
    ) throws(RenderError) -> RenderedImage {
        if plan.isAnimated {
            return try AnimatedRendition.render(
                file, info: info, spec: spec, plan: plan, limits: limits, cancelled: cancelled)
        }
        if PlanarResampling.applies(to: plan, info: info),
            let image = try renderPlanes(file, info: info, spec: spec, plan: plan, limits: limits, cancelled: cancelled)
        {
            return image
        }
        let decoded: DecodedPicture
        do throws(CodecError) {
            decoded = try decode(file, info: info, plan: plan, limits: limits, cancelled: cancelled)
        } catch {
            throw .wrapping(error, at: .decode)
        }
        let conversion = decoded.conversion
        let picture: PixelBuffer
        do throws(CodecError) {
            picture = try converted(
                ResampleStep.apply(decoded.takePixels(), plan: plan, cancelled: cancelled), by: conversion,
                cancelled: cancelled)
        } catch {
            throw .wrapping(error, at: .transform)
        }
        return try finish(picture, file, info: info, spec: spec, plan: plan, cancelled: cancelled)
    }

    private static func decode(
        _ file: RawSpan, info: ImageInfo, plan: RenderPlan, limits: RenderLimits, cancelled: CancelFlag
    ) throws(CodecError) -> DecodedPicture {
        if plan.isPlayed {
            return DecodedPicture(
                try ImageDecoder.firstFrame(file, info: info, limits: limits.codec, cancelled: cancelled))
        }
        return try ImageDecoder.decodeDeferringColors(
            file, info: info, scaleDenominator: plan.scaleDenominator, limits: limits.codec, cancelled: cancelled)
    }

    /// Colours are converted after the reduction: the same result at a fraction of the cost.
    private static func converted(
        _ picture: consuming PixelBuffer, by conversion: ColorConversion?, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard let conversion else { return picture }
        var picture = picture
        try conversion.apply(to: &picture, cancelled: cancelled)
        return picture
    }

    /// Renders a JPEG in planes up to its resampling or, if nothing else is to be done and the result is a JPEG, up to
    /// the end.
    /// - Returns: nil if the file has no such planes.
    private static func renderPlanes(
        _ file: RawSpan, info: ImageInfo, spec: RenditionSpec, plan: RenderPlan, limits: RenderLimits,
        cancelled: CancelFlag
    ) throws(RenderError) -> RenderedImage? {
        guard let resampling = plan.resampling else { return nil }
        let planes: JPEGPlanes
        do throws(CodecError) {
            let decoded = try JPEGPlanes.decode(
                file, info: info, scaleDenominator: plan.scaleDenominator,
                keepsChroma: !plan.staysPlanar(spec: spec)
                    || ImageEncoder.chromaSize(of: resampling.size, quality: spec.quality, coding: spec.jpegCoding)
                        == resampling.size,
                limits: limits.codec, cancelled: cancelled)
            guard let decoded else { return nil }
            planes = decoded
        } catch {
            throw .wrapping(error, at: .decode)
        }
        if planes.conversion == nil, plan.staysPlanar(spec: spec) {
            let resampled: PlanarResampling
            do throws(CodecError) {
                resampled = try resample(planes, resampling, spec: spec, plan: plan, cancelled: cancelled)
            } catch {
                throw .wrapping(error, at: .transform)
            }
            do throws(CodecError) {
                let bytes = try ImageEncoder.encodeJPEG(
                    y: resampled.y, cb: resampled.cb, cr: resampled.cr, quality: spec.quality,
                    coding: spec.jpegCoding, metadata: EncodedMetadata.read(file, info: info), cancelled: cancelled)
                return RenderedImage(bytes: bytes, format: .jpeg, size: plan.outputSize)
            } catch {
                throw .wrapping(error, at: .encode)
            }
        }
        let picture: PixelBuffer
        do throws(CodecError) {
            picture = try resampleToRGB(planes, resampling, plan: plan, cancelled: cancelled)
        } catch {
            throw .wrapping(error, at: .transform)
        }
        return try finish(picture, file, info: info, spec: spec, plan: plan, cancelled: cancelled)
    }

    /// Consumes the planes: they must be freed before the encoder allocates its memory.
    private static func resample(
        _ planes: consuming JPEGPlanes, _ resampling: RenderPlan.Resampling, spec: RenditionSpec, plan: RenderPlan,
        cancelled: CancelFlag
    ) throws(CodecError) -> PlanarResampling {
        let resampled = try PlanarResampling(
            planes, resampling: resampling, denominator: plan.scaleDenominator,
            chroma: ImageEncoder.chromaSize(of: resampling.size, quality: spec.quality, coding: spec.jpegCoding),
            cancelled: cancelled)
        if plan.orientation == .upright { return resampled }
        return try resampled.rotated(plan.orientation, cancelled: cancelled)
    }

    /// Consumes the planes, too.
    private static func resampleToRGB(
        _ planes: consuming JPEGPlanes, _ resampling: RenderPlan.Resampling, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let conversion = planes.conversion
        return try converted(
            PlanarColor.resample(
                planes, resampling: resampling, denominator: plan.scaleDenominator, cancelled: cancelled),
            by: conversion, cancelled: cancelled)
    }

    /// The remaining steps, and encoding.
    private static func finish(
        _ picture: consuming PixelBuffer, _ file: RawSpan, info: ImageInfo, spec: RenditionSpec, plan: RenderPlan,
        cancelled: CancelFlag
    ) throws(RenderError) -> RenderedImage {
        var picture = picture
        do throws(CodecError) {
            picture = try applySteps(picture, plan: plan, cancelled: cancelled)
        } catch {
            throw .wrapping(error, at: .transform)
        }
        do throws(CodecError) {
            let format = ImageEncoder.format(for: spec.format, size: picture.size)
            let metadata = EncodedMetadata.read(file, info: info)
            let quality = spec.quality ?? defaultQuality(for: format)
            let bytes: [UInt8]
            if let maximum = spec.maximumBytes {
                bytes = try ImageEncoder.encode(
                    picture, format: format, quality: quality, maximumBytes: maximum, metadata: metadata,
                    cancelled: cancelled
                ).bytes
            } else {
                bytes = try ImageEncoder.encode(
                    picture, format: format, quality: quality, coding: spec.jpegCoding, metadata: metadata,
                    cancelled: cancelled)
            }
            return RenderedImage(bytes: bytes, format: format, size: picture.size)
        } catch {
            throw .wrapping(error, at: .encode)
        }
    }

    /// Applies the steps between resampling and encoding.
    static func applySteps(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        var picture = picture
        for step in steps { picture = try step.apply(picture, plan: plan, cancelled: cancelled) }
        return picture
    }
}

extension RenditionSpec {
    /// An intermediate is decoded again and again, and never displayed.
    var jpegCoding: JPEGCoding { isIntermediate ? .sequential : .progressive }
}
