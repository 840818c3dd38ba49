import CImageCodecs
import ImageModel

/// ``ImageTransform`` for PNG: C turns the samples, and the other chunks are put back around them from the original's
/// bytes.
enum PNGTransform {
    /// The keyword of an iTXt chunk with XMP (XMP part 3, 1.1.5), and a zero.
    private static let xmpKeyword = Array("XML:com.adobe.xmp".utf8) + [0]

    static func apply(
        _ change: Orientation, to file: RawSpan, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> (bytes: [UInt8], isLossless: Bool) {
        let header = try PNGHeader.read(file, limits: limits)
        guard !header.isAnimated else { throw .unsupported("this PNG is an animation") }
        let chunks = header.chunks
        let total = header.info.orientation.followed(by: change)
        guard total != .upright else { return (retagged(file, chunks), true) }

        let core = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe file.withCBytes { (pointer, count) in
                unsafe tt_png_turn(
                    pointer, count, total.turn, UInt64(limits.maximumPixels), cancelled.pointer, &buffer)
            }
            try check(status, format: "PNG")
        }
        return (try assemble(core, file, chunks, by: total), true)
    }

    /// The same file with its tag set to upright.
    private static func retagged(_ file: RawSpan, _ chunks: [PNGChunk]) -> [UInt8] {
        var bytes = file.copy(0..<file.byteCount)
        for chunk in chunks where chunk.name == PNGChunk.exif || chunk.name == PNGChunk.internationalText {
            bytes.replaceSubrange(chunk.range, with: edited(chunk, file, by: .upright))
        }
        return bytes
    }

    private static func assemble(
        _ core: [UInt8], _ file: RawSpan, _ chunks: [PNGChunk], by total: Orientation
    ) throws(CodecError) -> [UInt8] {
        let coreBytes = unsafe core.span.bytes
        let coreChunks = try PNGChunks.all(in: coreBytes, limits: CodecLimits(maximumChunks: .max))
        var result = PNGChunk.signature
        result.reserveCapacity(core.count + 4_096)
        for chunk in coreChunks where chunk.name == PNGChunk.header { result += coreBytes.copy(chunk.range) }
        var isPictureWritten = false
        for chunk in chunks where chunk.name != PNGChunk.header {
            guard chunk.name == PNGChunk.imageData else {
                result += edited(chunk, file, by: total)
                continue
            }
            guard !isPictureWritten else { continue }
            isPictureWritten = true
            for data in coreChunks where data.name == PNGChunk.imageData { result += coreBytes.copy(data.range) }
        }
        return result
    }

    /// A chunk of the original, changed where it speaks of what has been turned. Its length stays.
    private static func edited(_ chunk: PNGChunk, _ file: RawSpan, by total: Orientation) -> [UInt8] {
        var data = file.copy(chunk.data)
        switch chunk.name {
        case PNGChunk.exif:
            MetadataEdit.turnExif(&data, by: total) { _ in nil }
        case PNGChunk.internationalText where file.has(xmpKeyword, at: chunk.data.lowerBound):
            MetadataEdit.normalizeXMP(&data)
        case PNGChunk.physicalSize where total.swapsAxes && data.count == 9:
            data = Array(data[4..<8] + data[0..<4] + data[8..<9])
        default:
            return file.copy(chunk.range)
        }
        return PNGChunk.encode(chunk.name, data)
    }
}
