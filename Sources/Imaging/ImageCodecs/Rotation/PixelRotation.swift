import ImageModel

/// What happens to a stored picture, for all the metadata that speak of it.
struct PixelRotation {
    /// How the picture stood in the file.
    var stored: Orientation
    /// What was asked for, as seen.
    var change: Orientation
    /// Width and height as stored, before and after.
    var before: PixelSize
    var after: PixelSize
    var limits: CodecLimits
    var cancelled: CancelFlag

    /// What moves the stored pixels.
    var total: Orientation { stored.followed(by: change) }

    /// A turn that cuts nothing off.
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

    /// What moves the pixels of a thumbnail of this size.
    ///
    /// A thumbnail directory may have an orientation of its own. Software that only rewrites the tag of the main
    /// picture leaves it behind; then it says how a thumbnail stands that it does not describe any more. Where the two
    /// differ, the one counts by which thumbnail and picture are seen with the same long side.
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
