/// What is told of a picture beside its header: what stands in for it while it loads, and what its photographer's
/// camera wrote down. Found by decoding the picture once. Every field is nil where the file does not say, or cannot be
/// decoded.
public struct ImageExtras: Sendable, Hashable, Codable {
    /// A place on WGS 84: degrees north and east, metres above the sea. Private: not for every caller.
    public struct Position: Sendable, Hashable, Codable {
        public var latitude: Double
        public var longitude: Double
        public var altitude: Double?
    }

    /// The colour that covers most of it, `#rrggbb`.
    public var dominantColor: String?
    /// Base64 of the bytes.
    public var thumbHash: String?
    public var blurHash: String?
    /// By RFC 3339, without an offset where the camera did not say.
    public var captureTime: String?
    public var make: String?
    public var model: String?
    public var position: Position?

    public init() {}

    /// Raised whenever the same file would get other extras than before, so that what lies in the store is made anew.
    static let revision = 2
}
