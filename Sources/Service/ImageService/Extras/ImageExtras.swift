/// Facts about a picture that its header does not tell: placeholders to show while it loads, and what the camera has
/// recorded. They are found by decoding the picture once. Every field is nil if the file does not say, or cannot be
/// decoded.
public struct ImageExtras: Sendable, Hashable, Codable {
    /// A place on WGS 84: degrees north and east, metres above the sea. Private: not for every caller.
    public struct Position: Sendable, Hashable, Codable {
        /// Degrees north of the equator, -90 to 90.
        public var latitude: Double
        /// Degrees east of Greenwich, -180 to 180.
        public var longitude: Double
        /// Metres above the sea; nil if the file does not say.
        public var altitude: Double?
    }

    /// The colour that covers most of it, `#rrggbb`.
    public var dominantColor: String?
    /// Base64 of the bytes.
    public var thumbHash: String?
    /// The text of the BlurHash, 4 by 3 components (3 by 4 for a portrait).
    public var blurHash: String?
    /// By RFC 3339, without an offset if the camera did not record one.
    public var captureTime: String?
    /// The camera's make, see ``PhotoFacts/make``.
    public var make: String?
    /// The camera's model, see ``PhotoFacts/model``.
    public var model: String?
    /// Where the photo was taken. Private: not for every caller.
    public var position: Position?

    /// Nothing known.
    public init() {}

    /// Raised whenever the same file would get other extras than before, so that stored ones are made anew.
    static let revision = 2
}
