public import ImageCodecs

/// Limits of a rendition.
public struct RenderLimits: Sendable, Hashable {
    /// Limits of the stored picture.
    public var codec: CodecLimits
    /// The largest side that can be requested, and that a free side may be enlarged to. A larger picture may keep its
    /// size.
    public var maximumSide: Int

    /// Limits; by default Tintype's own.
    public init(codec: CodecLimits = CodecLimits(), maximumSide: Int = 8_192) {
        self.codec = codec
        self.maximumSide = maximumSide
    }
}
