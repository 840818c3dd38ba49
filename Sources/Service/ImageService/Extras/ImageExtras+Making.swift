import ImageCodecs
import ImageModel
import Rendering

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ImageExtras {
    /// The longer side of the small picture, in pixels: the largest that ThumbHash takes.
    private static var side: Int { ThumbHash.maximumSide }

    /// The small picture that the extras are computed from, upright, in sRGB and lossless.
    static var spec: RenditionSpec {
        RenditionSpec(width: side, height: side, fit: .scaleDown, format: .png, quality: nil, isStill: true)
    }

    /// What was found, and whether another try would find the same.
    struct Made: Sendable {
        var extras = ImageExtras()
        /// False if a limit stopped it, which a setting may raise.
        var isLasting = true

        init() {}

        /// For a file whose header cannot be read.
        init(without error: CodecError) {
            if case .tooLarge = error { isLasting = false }
        }
    }

    /// The extras of a whole file.
    ///
    /// A file whose pixels cannot be decoded still has those of its metadata.
    /// - Parameter plan: made for ``spec``, or why there is none.
    /// - Throws: `cancelled`, `outOfMemory`, `internalError`.
    static func make(
        _ file: RawSpan, info: ImageInfo, plan: Result<RenderPlan, RenderError>, limits: RenderLimits,
        cancelled: CancelFlag
    ) throws(CodecError) -> Made {
        var made = Made()
        made.extras.describe(PhotoFacts.read(file, info: info))
        do throws(RenderError) {
            let small = try Renderer.render(
                file, info: info, spec: spec, plan: try plan.get(), limits: limits, cancelled: cancelled)
            try made.extras.describe(small, cancelled: cancelled)
        } catch {
            switch error {
            case .codec(_, .outOfMemory): throw .outOfMemory
            case .codec(let stage, .internalError(let what)):
                throw CodecError.internalError(what).at(stage: stage.rawValue)
            case .cancelled: throw .cancelled
            case .codec(_, .tooLarge), .tooLarge: made.isLasting = false
            case .codec, .unsupported: break
            }
        }
        return made
    }

    private mutating func describe(_ facts: PhotoFacts) {
        captureTime = facts.captureTime?.text
        make = facts.make
        model = facts.model
        position = facts.position.map {
            Position(latitude: $0.latitude, longitude: $0.longitude, altitude: $0.altitude)
        }
    }

    private mutating func describe(_ small: RenderedImage, cancelled: CancelFlag) throws(RenderError) {
        do throws(CodecError) {
            let limits = CodecLimits()
            let info = try ImageHeader.read(small.bytes.span.bytes, limits: limits)
            let picture = try ImageDecoder.decode(
                small.bytes.span.bytes, info: info, limits: limits, cancelled: cancelled)
            dominantColor = DominantColor.of(picture)?.hex
            thumbHash = ThumbHash.bytes(of: picture).map { Data($0).base64EncodedString() }
            // The usual number of components, more along the longer side.
            let isPortrait = info.size.height > info.size.width
            blurHash = BlurHash.text(of: picture, across: isPortrait ? 3 : 4, down: isPortrait ? 4 : 3)
        } catch {
            throw .codec(.decode, error)
        }
    }
}
