import ImageModel

/// The rotation of a stored picture, for updating its metadata.
struct PixelRotation {
    /// The orientation stored in the file.
    var stored: Orientation
    /// The requested change, as seen.
    var change: Orientation
    /// Width and height as stored, before and after.
    var before: PixelSize
    var after: PixelSize
    var limits: CodecLimits
    var cancelled: CancelFlag

    /// The symmetry that moves the stored pixels.
    var total: Orientation { stored.followed(by: change) }

    /// A rotation that cuts nothing off.
    init(
        stored: Orientation, change: Orientation, before: PixelSize, limits: CodecLimits, cancelled: CancelFlag
    ) {
        self.stored = stored
        self.change = change
        self.before = before
        self.limits = limits
        self.cancelled = cancelled
        after = stored.followed(by: change).swapsAxes ? before.transposed : before
    }

    /// The symmetry that moves the pixels of a thumbnail of this size.
    ///
    /// A thumbnail directory may have its own orientation. Software that rewrites only the tag of the main picture
    /// leaves it behind, and then it no longer describes the thumbnail. If the two differ, the one counts by which
    /// thumbnail and picture are seen with the same long side.
    func totalForThumbnail(of size: PixelSize?, own: Orientation?) -> Orientation {
        guard let own, own != stored else { return total }
        let seen = stored.swapsAxes ? before.transposed : before
        guard let size, Self.shape(own.swapsAxes ? size.transposed : size) != Self.shape(seen),
            Self.shape(stored.swapsAxes ? size.transposed : size) == Self.shape(seen)
        else { return own.followed(by: change) }
        return total
    }

    private static func shape(_ size: PixelSize) -> Int { (size.width - size.height).signum() }
}
