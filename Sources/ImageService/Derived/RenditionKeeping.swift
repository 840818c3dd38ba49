public import Rendering

/// Which renditions are kept in the store, beside the originals they are made of.
public struct RenditionKeeping: Sendable {
    /// So many objects are kept of one version at most; what else is asked for is rendered and not kept.
    public var maximumPerImage: Int
    /// How long a replica waits for another one that renders the same; zero: it does not, and both render.
    public var lease: Duration
    /// The intermediate that is kept of large originals; nil: none.
    public var ladder: Ladder?

    public init(maximumPerImage: Int, lease: Duration, ladder: Ladder?) {
        self.maximumPerImage = maximumPerImage
        self.lease = lease
        self.ladder = ladder
    }
}
