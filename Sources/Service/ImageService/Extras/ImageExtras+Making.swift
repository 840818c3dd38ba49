import ImageCodecs
import ImageModel
import Rendering

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ImageExtras {
    /// The longer side of the picture that is looked at: as large as ThumbHash takes.
    private static var side: Int { ThumbHash.maximumSide }

    /// The small picture that is looked at, upright and in sRGB, exactly.
    static var spec: RenditionSpec {
        RenditionSpec(width: side, height: side, fit: .scaleDown, format: .png, quality: nil, isStill: true)
    }

    /// What was found out, and whether it would be found again.
    struct Made: Sendable {
        var extras = ImageExtras()
        /// False where a limit stood in the way, which a setting may raise.
        var isLasting = true

        init() {}

        /// Of a file whose header cannot be read.
        init(without error: CodecError) {
            if case .tooLarge = error { isLasting = false }
        }
    }

    /// The extras of a whole file.
    ///
    /// A file that no pixels can be got from has those of its metadata.
    /// - Parameter plan: made for ``spec``, or why there can be none.
    /// - Throws: `cancelled`, `outOfMemory`, `fault`.
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
            case .codec(let stage, .fault(let what)): throw CodecError.fault(what).at(stage: stage.rawValue)
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
            // As many coefficients along the longer side as is usual.
            let isPortrait = info.size.height > info.size.width
            blurHash = BlurHash.text(of: picture, across: isPortrait ? 3 : 4, down: isPortrait ? 4 : 3)
        } catch {
            throw .codec(.decode, error)
        }
    }
}
