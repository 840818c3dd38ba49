/// What a rotated file has lost besides its old shape.
public struct TransformEffects: OptionSet, Sendable, Hashable {
    /// One bit for each effect.
    public let rawValue: UInt8

    /// Any combination of bits; unknown ones are kept.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Part of a block was cut off at one or two edges, at most 31 pixels each: only with ``ImageTransform/Edge/trim``.
    public static let trimmedEdge = TransformEffects(rawValue: 1)
    /// Everything after the picture's end is dropped (gain maps, previews, films, anything else), with its index (MPF):
    /// those pictures would no longer fit.
    public static let droppedPictures = TransformEffects(rawValue: 2)
    /// A thumbnail could not be rotated and was dropped.
    public static let droppedThumbnail = TransformEffects(rawValue: 4)
    /// The XMP, which is kept, still lists dropped pictures after the end (Google's GContainer).
    public static let staleContainerList = TransformEffects(rawValue: 8)

    /// A fixed name for each effect that is set, for answers and logs, in the order of the constants above.
    public var names: [String] {
        let all: [(TransformEffects, String)] = [
            (.trimmedEdge, "trimmed-edge"), (.droppedPictures, "dropped-pictures"),
            (.droppedThumbnail, "dropped-thumbnail"), (.staleContainerList, "stale-container-list"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}
