import Rendering

/// Which renditions are kept in the store, beside the originals they are made of.
public struct RenditionKeeping: Sendable {
    /// So many objects are kept of one version at most; what else is asked for is rendered and not kept.
    public var maximumPerImage: Int
    /// How long a replica waits for another one that renders the same; zero: it does not, and both render.
    public var lease: Duration
    /// The longer side of the intermediates that are kept of large originals, in pixels; 0: none are made.
    public var ladderSide: Int
    /// The intermediates' JPEG quality, 1 to 100.
    public var ladderQuality: Int

    public init(maximumPerImage: Int, lease: Duration = .zero, ladderSide: Int = 0, ladderQuality: Int = 90) {
        self.maximumPerImage = maximumPerImage
        self.lease = lease
        self.ladderSide = ladderSide
        self.ladderQuality = ladderQuality
    }

    var ladder: Ladder? { ladderSide > 0 ? Ladder(side: ladderSide, quality: ladderQuality) : nil }
}
