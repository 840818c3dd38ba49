import ImageModel

/// Where the EXIF block is in each format, and its orientation.
///
/// One rule holds for all formats, and for all code that reads an orientation: of several blocks, the first one that
/// can be read counts. No other one is read, even if the first has no orientation.
enum ExifLocation {
    /// The beginning of an APP1 segment with EXIF.
    static let signature = ExifHeader.signature

    /// The orientation is searched for in so many bytes of a block: as many as a segment of a JPEG can have. A
    /// streaming reader keeps no more of it.
    static let orientationBytes = 65_536

    /// The TIFF block of the first APP1 segment whose EXIF can be read.
    static func find(jpeg bytes: RawSpan, segments: [JPEGSegment]) -> Range<Int>? {
        for segment in segments where segment.marker == JPEGSegment.Marker.application1 {
            if let block = ExifHeader.tiff(jpeg: bytes, segment.payload), isReadable(bytes, block) { return block }
        }
        return nil
    }

    /// The TIFF block of a PNG's first eXIf chunk (PNG 11.3.4.5), wherever it is.
    static func find(png bytes: RawSpan, chunks: some Sequence<PNGChunk>) -> Range<Int>? {
        for chunk in chunks where chunk.name == PNGChunk.exif {
            let block = ExifHeader.tiff(chunk: bytes, chunk.data)
            if isReadable(bytes, block) { return block }
        }
        return nil
    }

    /// The block that decides a PNG's orientation. One after the image data comes too late, since a picture may be
    /// shown before it is there (PNG, third edition, 5.6; CSS Images).
    static func orienting(png bytes: RawSpan, chunks: [PNGChunk]) -> Range<Int>? {
        find(png: bytes, chunks: chunks.prefix { $0.name != PNGChunk.imageData })
    }

    /// The TIFF block of a WebP's EXIF chunk, mostly after the picture.
    static func find(webp bytes: RawSpan, chunks: [WebPChunk]) -> Range<Int>? {
        for chunk in chunks where chunk.name == WebPChunk.exif {
            let block = ExifHeader.tiff(chunk: bytes, chunk.data)
            if isReadable(bytes, block) { return block }
        }
        return nil
    }

    /// The orientation in a TIFF block; upright if it has none that is valid.
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
