/// A JPEG inside other metadata, such as a thumbnail: it may have metadata of its own that contain a place.
enum EmbeddedJPEG {
    /// Zeroes the content of every segment that may contain a place. The picture keeps its length and its pixels.
    static func clean(_ jpeg: inout [UInt8]) {
        let original = jpeg
        let bytes = unsafe original.span.bytes
        guard let segments = try? JPEGSegments.all(in: bytes, limits: CodecLimits(maximumChunks: 256)) else { return }
        let told = segments.filter { segment in
            segment.isMetadata && LocationRemoval.mayHoldPlace(bytes.extracting(segment.payload))
        }
        for segment in told {
            jpeg.replaceSubrange(segment.payload, with: [UInt8](repeating: 0, count: segment.payload.count))
        }
    }
}
