import Rendering

/// Which renditions are kept in the store, beside the originals they are made of.
public struct RenditionStoreOptions: Sendable {
    /// So many objects are kept of one version at most; what else is asked for is rendered and not kept.
    public var maximumPerImage: Int
    /// How long a replica waits for another one that renders the same; zero: it does not, and both render.
    public var lease: Duration
    /// The longer side of the intermediates that are kept of large originals, in pixels; 0: none are made.
    public var intermediateSide: Int
    /// The intermediates' JPEG quality, 1 to 100.
    public var intermediateQuality: Int

    /// Options; by default without waiting for other replicas and without intermediates.
    public init(maximumPerImage: Int, lease: Duration = .zero, intermediateSide: Int = 0, intermediateQuality: Int = 90)
    {
        self.maximumPerImage = maximumPerImage
        self.lease = lease
        self.intermediateSide = intermediateSide
        self.intermediateQuality = intermediateQuality
    }

    var intermediates: IntermediateRules? {
        intermediateSide > 0 ? IntermediateRules(side: intermediateSide, quality: intermediateQuality) : nil
    }
}
