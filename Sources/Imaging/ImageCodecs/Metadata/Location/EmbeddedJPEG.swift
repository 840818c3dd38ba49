/// A JPEG inside other metadata, such as a thumbnail: it may have metadata of its own, with a place in them.
enum EmbeddedJPEG {
    /// Zeroes what every segment holds that may tell of a place. The picture keeps its length and its looks.
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
