import CImageCodecs
public import ImageModel

/// A turned picture and how it came about.
public struct TransformedImage: Sendable {
    /// The whole new file.
    public var bytes: [UInt8]
    /// Whether every pixel kept its value: no picture was decoded and encoded again with loss.
    public var isLossless: Bool
    /// The new file's header.
    public var info: ImageInfo
}

/// Turning and flipping stored files.
public enum ImageTransform {
    /// Changes a picture as it is seen: its stored orientation is applied first, then `change`. In the new file the
    /// pixels stand as they are seen and the orientation tag says upright (1).
    ///
    /// - JPEG: coefficients are moved, nothing is decoded, where the block grid allows it (what `jpegtran -perfect`
    ///   accepts); else the file is encoded again in its own colour space with its own quantisation tables and
    ///   sampling, and `isLossless` is false. Progressive stays progressive, arithmetic coding stays arithmetic, all
    ///   APPn and COM segments before the first scan stay byte for byte, but for the orientation, the pixel
    ///   dimensions and the thumbnail in EXIF, the orientation in XMP, and thumbnails in JFIF and JFXX, which go. An
    ///   EXIF thumbnail is turned along, or dropped where it cannot be. What stands behind the end (gain maps,
    ///   previews) would no longer fit the picture and is dropped together with its index (MPF).
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
        _ change: Orientation, to file: RawSpan, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> TransformedImage {
        let turned: (bytes: [UInt8], isLossless: Bool) =
            switch ImageFormat.detect(file) {
            case .jpeg: try JPEGTransform.apply(change, to: file, limits: limits, cancelled: cancelled)
            case .png: try PNGTransform.apply(change, to: file, limits: limits, cancelled: cancelled)
            case .webp: try WebPTransform.apply(change, to: file, limits: limits, cancelled: cancelled)
            case nil: throw .notAnImage
            }
        let info = try unsafe ImageHeader.read(turned.bytes.span.bytes, limits: limits)
        return TransformedImage(bytes: turned.bytes, isLossless: turned.isLossless, info: info)
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
