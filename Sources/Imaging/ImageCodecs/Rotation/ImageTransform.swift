import CImageCodecs
public import ImageModel

/// A turned picture and how it came about.
public struct TransformedImage: Sendable {
    /// The whole new file.
    public var bytes: [UInt8]
    /// Whether every pixel that is there kept its value: no picture was decoded and encoded again with loss.
    public var isLossless: Bool
    /// What has gone beside that.
    public var effects: TransformEffects
    /// The new file's header.
    public var info: ImageInfo
}

/// Turning and flipping stored files.
public enum ImageTransform {
    /// What becomes of a JPEG whose cut-off blocks stand in the way of moving its coefficients.
    public enum Edge: String, Sendable, Hashable, CaseIterable {
        /// The picture is encoded again, whole.
        case reencode
        /// The blocks that are not whole are cut off, at most 31 pixels at one or two edges; a picture that has no
        /// others is encoded again.
        case trim
    }

    /// Changes a picture as it is seen: its stored orientation is applied first, then `change`. In the new file the
    /// pixels stand as they are seen and the orientation tag says upright (1).
    ///
    /// - JPEG: coefficients are moved, nothing is decoded, where the block grid allows it (what `jpegtran -perfect`
    ///   accepts); else, by `edge`, the file is encoded again in its own colour space and sampling, and `isLossless` is
    ///   false, or it is trimmed. Encoded again, the picture changes by about 1 of 255 in the mean, or as little as a
    ///   quarter more bytes allow: where it was coarse and full of detail, by 2 or 3. Progressive stays progressive, arithmetic coding
    ///   stays arithmetic, all APPn and COM segments before the first scan stay byte for byte, but for what speaks of
    ///   the picture's shape: orientation and sizes in EXIF (every EXIF segment, where there are several) and XMP, the
    ///   densities of JFIF, and thumbnails in EXIF, JFXX and Photoshop's resources, which are turned along, or dropped
    ///   where that cannot be. What stands behind the end (gain maps, previews, films) would no longer fit the picture
    ///   and is dropped together with its index (MPF, ISO 21496-1). ``TransformedImage/effects`` names what has gone.
    /// - PNG: samples, depth, colour type, interlacing and all chunks are kept; densities change places.
    /// - WebP: a lossless file stays exact; a lossy one is encoded again at quality 95. Profile, EXIF, XMP and unknown
    ///   chunks are kept.
    ///
    /// Where nothing is left to turn, as for a picture stored as 8 that is turned by 90 degrees, only the tag is
    /// rewritten and everything else stays byte for byte.
    ///
    /// - Throws: `unsupported` for an animation and a JPEG that libjpeg cannot read; `damaged` also where libjpeg
    ///   would have to repair data; `truncated`, `tooLarge`, `outOfMemory`, `cancelled`.
    public static func apply(
        _ change: Orientation, to file: RawSpan, edge: Edge = .reencode, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> TransformedImage {
        let turned: Outcome =
            switch ImageFormat.detect(file) {
            case .jpeg: try JPEGTransform.apply(change, to: file, edge: edge, limits: limits, cancelled: cancelled)
            case .png: try PNGTransform.apply(change, to: file, limits: limits, cancelled: cancelled)
            case .webp: try WebPTransform.apply(change, to: file, limits: limits, cancelled: cancelled)
            case .avif: throw .unsupported("an AVIF cannot be turned without loss")
            case nil: throw .notAnImage
            }
        // A thumbnail whose turning was cut short counts as one that cannot be turned; the file is not to be stored so.
        if cancelled.isCancelled { throw .cancelled }
        let info = try unsafe ImageHeader.read(turned.bytes.span.bytes, limits: limits)
        // Only metadata laid out to contradict themselves get here; a picture that would be turned twice is not stored.
        guard info.orientation == .upright else { throw .damaged("EXIF whose parts overlap") }
        return TransformedImage(
            bytes: turned.bytes, isLossless: turned.isLossless, effects: turned.effects, info: info)
    }

    /// What one format's transform hands back.
    struct Outcome {
        var bytes: [UInt8]
        var isLossless: Bool
        var effects: TransformEffects = []
    }
}

extension Orientation {
    /// The same symmetry as C takes it: transposed first, then mirrored along the axes of the result.
    var turn: tt_turn {
        switch self {
        case .upright: tt_turn(transpose: false, mirror_x: false, mirror_y: false)
        case .mirrored: tt_turn(transpose: false, mirror_x: true, mirror_y: false)
        case .rotated180: tt_turn(transpose: false, mirror_x: true, mirror_y: true)
        case .mirroredRotated180: tt_turn(transpose: false, mirror_x: false, mirror_y: true)
        case .mirroredRotated270: tt_turn(transpose: true, mirror_x: false, mirror_y: false)
        case .rotated90: tt_turn(transpose: true, mirror_x: true, mirror_y: false)
        case .mirroredRotated90: tt_turn(transpose: true, mirror_x: true, mirror_y: true)
        case .rotated270: tt_turn(transpose: true, mirror_x: false, mirror_y: true)
        }
    }
}
