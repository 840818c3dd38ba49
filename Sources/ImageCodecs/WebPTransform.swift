import CImageCodecs
import ImageModel

/// ``ImageTransform`` for WebP: the picture is decoded, turned and encoded in its own manner, and the metadata chunks
/// are put around it.
enum WebPTransform {
    /// High enough that the second loss is not seen, and the file does not grow beyond reason.
    private static let quality: Float = 95

    static func apply(
        _ change: Orientation, to file: RawSpan, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> (bytes: [UInt8], isLossless: Bool) {
        let header = try WebPHeader.read(file, limits: limits)
        guard !header.coding.is_animated else { throw .unsupported("this WebP is an animation") }
        let total = header.info.orientation.followed(by: change)
        guard total != .upright else { return (retagged(file, header), true) }

        let pixels = try ImageDecoder.decode(
            file, info: header.info, colors: .stored, limits: limits, cancelled: cancelled)
        let turned = try pixels.turned(by: total, cancelled: cancelled)
        let encoded = try ImageEncoder.encodeWebP(
            turned, quality: quality, isLossless: header.coding.is_lossless, cancelled: cancelled)
        return (try assemble(encoded, size: turned.size, file, header, by: total), header.coding.is_lossless)
    }

    /// The same file with its tag set to upright.
    private static func retagged(_ file: RawSpan, _ header: WebPHeader) -> [UInt8] {
        var bytes = file.copy(0..<file.byteCount)
        for chunk in header.chunks where chunk.name == WebPChunk.exif || chunk.name == WebPChunk.xmp {
            bytes.replaceSubrange(chunk.data, with: edited(chunk, file, by: .upright))
        }
        return bytes
    }

    private static func assemble(
        _ encoded: [UInt8], size: PixelSize, _ file: RawSpan, _ header: WebPHeader, by total: Orientation
    ) throws(CodecError) -> [UInt8] {
        let picture = [
            WebPChunk.extended, WebPChunk.alpha, WebPChunk.lossy, WebPChunk.lossless, WebPChunk.animation,
            WebPChunk.frame,
        ]
        var named: [FourCC: [UInt8]] = [:]
        var others: [(name: FourCC, data: [UInt8])] = []
        for chunk in header.chunks where !picture.contains(chunk.name) {
            let data = edited(chunk, file, by: total)
            switch chunk.name {
            case WebPChunk.profile, WebPChunk.exif, WebPChunk.xmp:
                // Of several only the first one counts (RFC 9649 section 2.7).
                if named[chunk.name] == nil { named[chunk.name] = data }
            default: others.append((chunk.name, data))
            }
        }
        guard !named.isEmpty || !others.isEmpty else { return encoded }
        return try unsafe WebPContainer.rebuild(
            encoded.span.bytes, size: size, profile: named[WebPChunk.profile], exif: named[WebPChunk.exif],
            xmp: named[WebPChunk.xmp], others: others)
    }

    /// A chunk's data, changed where they speak of what has been turned. Their length stays.
    private static func edited(_ chunk: WebPChunk, _ file: RawSpan, by total: Orientation) -> [UInt8] {
        var data = file.copy(chunk.data)
        switch chunk.name {
        case WebPChunk.exif:
            let block = ExifLocation.skippingSignature(file, chunk.data)
            var exif = file.copy(block)
            MetadataEdit.turnExif(&exif, by: total) { _ in nil }
            data.replaceSubrange(data.count - exif.count..<data.count, with: exif)
        case WebPChunk.xmp:
            MetadataEdit.normalizeXMP(&data)
        default: break
        }
        return data
    }
}
