import ImageCodecs

/// One thing that is done to the pixels between decoding and encoding.
protocol RenderStep: SendableMetatype {
    /// Takes the picture and gives it back changed, or as it was if the plan asks for nothing here.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer
}
