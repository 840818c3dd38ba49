import Rendering

/// Which renditions are kept in the store.
public struct RenditionStoreOptions: Sendable {
    /// How many objects of one version are kept at most; further renditions are rendered and not kept.
    public var maximumPerImage: Int
    /// How long a replica waits for another one that renders the same; zero: it does not wait, and both render.
    public var lease: Duration
    /// The longer side of the intermediates of large originals, in pixels; 0: none are made.
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
