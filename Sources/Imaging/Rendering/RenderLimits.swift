public import ImageCodecs

/// What a rendition may ask for.
public struct RenderLimits: Sendable, Hashable {
    /// What the stored picture may be.
    public var codec: CodecLimits
    /// The largest side that can be asked for, and that a free side may be enlarged to. A picture that is larger by
    /// itself may stay so.
    public var maximumSide: Int

    /// Limits; by default Tintype's own.
    public init(codec: CodecLimits = CodecLimits(), maximumSide: Int = 8_192) {
        self.codec = codec
        self.maximumSide = maximumSide
    }
}
