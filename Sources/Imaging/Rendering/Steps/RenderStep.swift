import ImageCodecs

/// One step that changes the pixels between decoding and encoding.
protocol RenderStep: SendableMetatype {
    /// Takes the picture and returns it changed, or unchanged if the plan has nothing for this step.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer
}
