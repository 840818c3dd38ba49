/// A picture format that Tintype stores. ``capabilities`` lists what each one supports.
public enum ImageFormat: String, Sendable, Hashable, CaseIterable {
    case jpeg
    case png
    case webp
    case avif

    /// The names of a format, and what it can hold.
    public struct Capabilities: Sendable {
        /// The media type that is stored and served, as registered with IANA.
        public let mediaType: String
        /// The extension of a generated key, without the dot.
        public let fileExtension: String
        /// Whether pixels may be transparent.
        public let hasAlpha: Bool
        /// Whether the encoder takes a quality from 1 to 100.
        public let hasQuality: Bool
        /// The largest width or height the format can express, in pixels.
        public let maximumSide: Int
    }

    /// Facts about the format. The largest sides are those of the bit streams: JPEG's SOF has 16 bits (libjpeg stops at
    /// 65,500), PNG's IHDR 31 bits, WebP's VP8 frame 14 bits; for AVIF it is libavif's default limit.
    public var capabilities: Capabilities {
        switch self {
        case .jpeg:
            Capabilities(
                mediaType: "image/jpeg", fileExtension: "jpg", hasAlpha: false, hasQuality: true, maximumSide: 65_500)
        case .png:
            Capabilities(
                mediaType: "image/png", fileExtension: "png", hasAlpha: true, hasQuality: false,
                maximumSide: 2_147_483_647)
        case .webp:
            Capabilities(
                mediaType: "image/webp", fileExtension: "webp", hasAlpha: true, hasQuality: true, maximumSide: 16_383)
        case .avif:
            Capabilities(
                mediaType: "image/avif", fileExtension: "avif", hasAlpha: true, hasQuality: true, maximumSide: 32_768)
        }
    }
}
