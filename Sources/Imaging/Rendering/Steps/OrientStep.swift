import ImageCodecs
import ImageModel

/// Rotates the picture to upright. After scaling, when there are fewer pixels to move.
enum OrientStep: RenderStep {
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        if plan.orientation == .upright { return picture }
        return try QuarterRotation.apply(plan.orientation, to: picture, cancelled: cancelled)
    }
}
