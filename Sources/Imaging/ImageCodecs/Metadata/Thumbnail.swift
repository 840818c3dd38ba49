import ImageModel

/// The small JPEG in a file's metadata.
enum Thumbnail {
    /// More pixels than any camera puts into a thumbnail (640x480 is the largest seen). A few bytes may claim far more,
    /// and ``ImageTransform/memoryBytes(file:info:limits:)`` must know the memory for them.
    static let maximumPixels = 640 * 480
    private static let maximumSide = 2_048
    /// The most bytes for rotating one: two sets of coefficients of four components, two bytes each, and half of that
    /// for the padding to whole blocks.
    static let workingBytes = maximumPixels * 4 * 2 * 2 * 3 / 2

    /// Width and height from its frame header; nil if there is none.
    static func size(_ thumbnail: [UInt8]) -> PixelSize? {
        let bytes = unsafe thumbnail.span.bytes
        guard let segments = try? JPEGSegments.all(in: bytes, limits: CodecLimits(maximumChunks: 256)),
            let frame = try? JPEGHeader.FrameHeader.read(bytes, segments: segments)
        else { return nil }
        return PixelSize(width: frame.width, height: frame.height)
    }

    /// The rotated thumbnail, with the segments that define its colours and nothing else; nil if that is impossible.
    static func rotated(
        _ thumbnail: [UInt8], by total: Orientation, limits: CodecLimits, cancelled: CancelFlag
    ) -> [UInt8]? {
        var limits = limits
        limits.maximumPixels = min(limits.maximumPixels, maximumPixels)
        limits.maximumChunks = 256
        let bytes = unsafe thumbnail.span.bytes
        guard let size = size(thumbnail), max(size.width, size.height) <= maximumSide,
            let segments = try? JPEGSegments.all(in: bytes, limits: limits),
            let core = try? JPEGTransform.rotatePicture(
                bytes, by: total, edge: .reencode, limits: limits, cancelled: cancelled)
        else { return nil }
        let kept = segments.filter {
            $0.marker == JPEGSegment.Marker.application0 || $0.marker == JPEGSegment.Marker.application14
        }
        return JPEGTransform.assemble(core.bytes, kept.map { bytes.copy($0.range) })
    }
}
