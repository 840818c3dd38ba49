import CImageCodecs
public import ImageModel

/// The result of a rotation or flip.
public struct TransformedImage: Sendable {
    /// The whole new file.
    public var bytes: [UInt8]
    /// Whether every remaining pixel kept its value: nothing was encoded again with loss.
    public var isLossless: Bool
    /// What else was lost.
    public var effects: TransformEffects
    /// The new file's header.
    public var info: ImageInfo
}

/// Rotates and flips stored files.
public enum ImageTransform {
    /// What to do with a JPEG whose partial blocks keep its coefficients from being moved.
    public enum Edge: String, Sendable, Hashable, CaseIterable {
        /// The whole picture is encoded again.
        case reencode
        /// The partial blocks are cut off, at most 31 pixels at one or two edges; a picture that has no others is
        /// encoded again.
        case trim
    }

    /// Changes a picture as it is seen: its stored orientation is applied first, then `change`. In the new file the
    /// pixels are stored as they are seen, and the orientation tag is upright (1).
    ///
    /// - JPEG: if the block grid allows it (what `jpegtran -perfect` accepts), coefficients are moved and nothing is
    ///   decoded. Else, by `edge`, the file is trimmed, or it is encoded again in its own colour space with its own
    ///   quantisation tables and sampling, and `isLossless` is false. Progressive stays progressive, arithmetic coding
    ///   stays arithmetic.
    ///   All APPn and COM segments before the first scan stay byte for byte, except for what describes the picture's
    ///   shape: orientation and sizes in EXIF (in every EXIF segment) and XMP, the densities of JFIF, and thumbnails in
    ///   EXIF, JFXX and Photoshop's resources, which are rotated too, or dropped if that is impossible. What comes
    ///   after the end (gain maps, previews, films) would no longer fit the picture and is dropped together with its
    ///   index (MPF, ISO 21496-1). ``TransformedImage/effects`` names what was lost.
    /// - PNG: samples, depth, colour type, interlacing and all chunks are kept; densities are exchanged if needed.
    /// - WebP: a lossless file stays exact; a lossy one is encoded again at quality 95. Profile, EXIF, XMP and unknown
    ///   chunks are kept.
    ///
    /// If nothing is left to rotate, as for a picture stored as 8 that is rotated by 90 degrees, only the tag is
    /// rewritten and everything else stays byte for byte.
    ///
    /// - Throws: `unsupported` for an animation and a JPEG that libjpeg cannot read; `damaged` also if libjpeg would
    ///   have to repair data; `truncated`, `tooLarge`, `outOfMemory`, `cancelled`.
    public static func apply(
        _ change: Orientation, to file: RawSpan, edge: Edge = .reencode, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> TransformedImage {
        let rotated: Outcome =
            switch ImageFormat.detect(file) {
            case .jpeg: try JPEGTransform.apply(change, to: file, edge: edge, limits: limits, cancelled: cancelled)
            case .png: try PNGTransform.apply(change, to: file, limits: limits, cancelled: cancelled)
            case .webp: try WebPTransform.apply(change, to: file, limits: limits, cancelled: cancelled)
            case .avif: throw .unsupported("an AVIF cannot be rotated without loss")
            case nil: throw .notAnImage
            }
        // A thumbnail whose rotation was cancelled counts as not rotatable; such a file must not be stored.
        if cancelled.isCancelled { throw .cancelled }
        let info = try unsafe ImageHeader.read(rotated.bytes.span.bytes, limits: limits)
        // Only contradictory metadata get here; a picture that readers would rotate twice is not stored.
        guard info.orientation == .upright else { throw .damaged("EXIF whose parts overlap") }
        return TransformedImage(
            bytes: rotated.bytes, isLossless: rotated.isLossless, effects: rotated.effects, info: info)
    }

    /// The result of one format's transform.
    struct Outcome {
        var bytes: [UInt8]
        var isLossless: Bool
        var effects: TransformEffects = []
    }
}

extension Orientation {
    /// The same symmetry for C: transposed first, then mirrored along the axes of the result.
    var rotation: tt_rotation {
        switch self {
        case .upright: tt_rotation(transpose: false, mirror_x: false, mirror_y: false)
        case .mirrored: tt_rotation(transpose: false, mirror_x: true, mirror_y: false)
        case .rotated180: tt_rotation(transpose: false, mirror_x: true, mirror_y: true)
        case .mirroredRotated180: tt_rotation(transpose: false, mirror_x: false, mirror_y: true)
        case .mirroredRotated270: tt_rotation(transpose: true, mirror_x: false, mirror_y: false)
        case .rotated90: tt_rotation(transpose: true, mirror_x: true, mirror_y: false)
        case .mirroredRotated90: tt_rotation(transpose: true, mirror_x: true, mirror_y: true)
        case .rotated270: tt_rotation(transpose: true, mirror_x: false, mirror_y: true)
        }
    }
}
