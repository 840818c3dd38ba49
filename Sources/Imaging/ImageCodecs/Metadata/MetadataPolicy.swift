public import ImageModel

/// What happens to an upload's metadata. The pixels, and everything that says how they look, stay byte for byte: coded
/// data, profile, orientation, densities, frames.
public enum MetadataPolicy: String, Sendable, Hashable, CaseIterable {
    /// Everything is kept.
    case keep
    /// The place is removed from EXIF, XMP and a PNG's texts: everything with GPS in its name.
    case dropLocation = "drop-location"
    /// EXIF, XMP, IPTC, comments and texts are removed.
    case dropAll = "drop-all"

    /// The file under this policy; nil if it stays unchanged.
    ///
    /// If anything is dropped, so is everything after the picture's end (gain maps, previews, films), together with its
    /// index, since it has metadata of its own.
    ///
    /// - Parameter info: from ``ImageHeader/read(_:limits:)`` for the whole file.
    /// - Throws: `damaged`, `truncated`, `tooLarge`.
    public func apply(
        to file: RawSpan, info: ImageInfo, limits: CodecLimits
    ) throws(CodecError) -> [UInt8]? {
        guard self != .keep else { return nil }
        var structure = StructureCheck(format: info.format, limits: limits)
        try structure.consume(file)
        let end = try structure.finish().imageEnd
        let result =
            switch info.format {
            case .jpeg: try JPEGMetadataFilter.apply(self, to: file, end: end, info: info, limits: limits)
            case .png: try PNGMetadataFilter.apply(self, to: file, info: info, limits: limits)
            case .webp: try WebPMetadataFilter.apply(self, to: file, info: info, limits: limits)
            case .avif: try AVIFMetadataFilter.apply(self, to: file, end: end, limits: limits)
            }
        if result.count == file.byteCount, file.has(result, at: 0) { return nil }
        // Only contradictory metadata get here; a picture that would look different is not stored.
        let after = try unsafe ImageHeader.read(result.span.bytes, limits: limits)
        guard after.size == info.size, after.orientation == info.orientation, after.frames == info.frames else {
            throw .damaged("metadata whose parts overlap")
        }
        return result
    }

    /// A TIFF block with only the orientation; nil if it is upright.
    static func exif(for orientation: Orientation) -> [UInt8]? {
        orientation == .upright ? nil : block(for: orientation)
    }

    /// A TIFF block with only the orientation.
    static func block(for orientation: Orientation) -> [UInt8] {
        [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation.rawValue, 0, 0]
            + [0, 0, 0, 0]
    }
}
