import ImageModel

/// Where the EXIF block stands in each format, and the orientation it tells.
///
/// One rule holds for all formats, and for everybody who reads an orientation: of several blocks the first one that
/// can be read counts, and no other one is looked at, even where the first says nothing.
enum ExifLocation {
    /// How an APP1 segment with EXIF begins.
    static let signature = ExifHeader.signature

    /// An orientation is looked for in so many bytes of a block: as many as a segment of a JPEG can have. Whoever
    /// follows a stream keeps no more of it.
    static let orientationBytes = 65_536

    /// The TIFF block of the first APP1 segment whose EXIF can be read.
    static func find(jpeg bytes: RawSpan, segments: [JPEGSegment]) -> Range<Int>? {
        for segment in segments where segment.marker == JPEGSegment.Marker.application1 {
            if let block = ExifHeader.tiff(jpeg: bytes, segment.payload), isReadable(bytes, block) { return block }
        }
        return nil
    }

    /// The TIFF block of a PNG's first eXIf chunk (PNG 11.3.4.5), wherever it stands.
    static func find(png bytes: RawSpan, chunks: some Sequence<PNGChunk>) -> Range<Int>? {
        for chunk in chunks where chunk.name == PNGChunk.exif {
            let block = ExifHeader.tiff(chunk: bytes, chunk.data)
            if isReadable(bytes, block) { return block }
        }
        return nil
    }

    /// The block that orients a PNG: one behind the image data comes too late, since a picture may be shown before
    /// it is there (PNG, third edition, 5.6; CSS Images).
    static func orienting(png bytes: RawSpan, chunks: [PNGChunk]) -> Range<Int>? {
        find(png: bytes, chunks: chunks.prefix { $0.name != PNGChunk.imageData })
    }

    /// The TIFF block of a WebP's EXIF chunk, which mostly stands behind the picture.
    static func find(webp bytes: RawSpan, chunks: [WebPChunk]) -> Range<Int>? {
        for chunk in chunks where chunk.name == WebPChunk.exif {
            let block = ExifHeader.tiff(chunk: bytes, chunk.data)
            if isReadable(bytes, block) { return block }
        }
        return nil
    }

    /// The orientation in a TIFF block; upright where it says nothing that has a meaning.
    static func orientation(_ bytes: RawSpan, _ block: Range<Int>?) -> Orientation {
        guard let block else { return .upright }
        return ExifReader.read(bytes.extracting(head(block)))?.orientationValue ?? .upright
    }

    private static func isReadable(_ bytes: RawSpan, _ block: Range<Int>) -> Bool {
        ExifReader.read(bytes.extracting(head(block))) != nil
    }

    private static func head(_ block: Range<Int>) -> Range<Int> {
        block.lowerBound..<min(block.upperBound, block.lowerBound + orientationBytes)
    }
}
