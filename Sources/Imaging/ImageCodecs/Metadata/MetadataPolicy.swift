public import ImageModel

/// What becomes of an upload's metadata. The pixels, and all that says how they look, stay as they are byte for byte:
/// coded data, profile, orientation, densities, frames.
public enum MetadataPolicy: String, Sendable, Hashable, CaseIterable {
    /// Everything is kept.
    case keep
    /// The place is taken out of EXIF, XMP and a PNG's texts: everything with GPS in its name.
    case dropLocation = "drop-location"
    /// EXIF, XMP, IPTC, comments and texts go.
    case dropAll = "drop-all"

    /// The file under this policy; nil where it stays as it is.
    ///
    /// Where anything is dropped, so is what stands behind the picture's end (gain maps, previews, films), since it has
    /// metadata of its own, together with its index.
    ///
    /// - Parameter info: what ``ImageHeader/read(_:limits:)`` said of the whole file.
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
        // Only metadata laid out to contradict themselves get here; a picture that looks different is not stored.
        let after = try unsafe ImageHeader.read(result.span.bytes, limits: limits)
        guard after.size == info.size, after.orientation == info.orientation, after.frames == info.frames else {
            throw .damaged("metadata whose parts overlap")
        }
        return result
    }

    /// A TIFF block that says the orientation and nothing else; nil where there is none to be said.
    static func exif(for orientation: Orientation) -> [UInt8]? {
        orientation == .upright ? nil : block(for: orientation)
    }

    /// A TIFF block that says the orientation and nothing else.
    static func block(for orientation: Orientation) -> [UInt8] {
        [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation.rawValue, 0, 0]
            + [0, 0, 0, 0]
    }
}
