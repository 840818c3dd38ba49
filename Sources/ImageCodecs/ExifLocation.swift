import ImageModel

/// Where the EXIF block stands in each format, and the orientation it tells.
enum ExifLocation {
    /// `Exif` and two zeros: how an APP1 segment with EXIF begins (Exif 2.32, 4.7.2.A). Some writers put it into
    /// WebP's chunk as well.
    static let signature: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

    /// The TIFF block of the first APP1 segment whose EXIF can be read. Later ones are not looked at, as browsers do.
    static func find(jpeg bytes: RawSpan, segments: [JPEGSegment]) -> Range<Int>? {
        for segment in segments where segment.marker == JPEGSegment.Marker.application1 {
            guard bytes.has(signature, at: segment.payload.lowerBound), segment.payload.count > signature.count else {
                continue
            }
            let block = segment.payload.lowerBound + signature.count..<segment.payload.upperBound
            if ExifWalk.read(bytes.extracting(block)) != nil { return block }
        }
        return nil
    }

    /// The TIFF block of a PNG's eXIf chunk (PNG 11.3.4.5).
    static func find(png bytes: RawSpan, chunks: [PNGChunk]) -> Range<Int>? {
        chunks.first { $0.name == PNGChunk.exif }.map(\.data)
    }

    /// The TIFF block of a WebP's EXIF chunk, which mostly stands behind the picture.
    static func find(webp bytes: RawSpan, chunks: [WebPChunk]) -> Range<Int>? {
        chunks.first { $0.name == WebPChunk.exif }.map { skippingSignature(bytes, $0.data) }
    }

    /// What is left of a range behind an `Exif` signature that should not be there.
    static func skippingSignature(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
        guard range.count > signature.count, bytes.has(signature, at: range.lowerBound) else { return range }
        return range.lowerBound + signature.count..<range.upperBound
    }

    /// The orientation in a TIFF block; upright where it says nothing that has a meaning.
    static func orientation(_ bytes: RawSpan, _ block: Range<Int>?) -> Orientation {
        guard let block else { return .upright }
        return ExifWalk.read(bytes.extracting(block))?.orientationValue ?? .upright
    }
}
