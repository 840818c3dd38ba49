import CImageCodecs
import ImageModel

/// ``ImageTransform`` for WebP: the picture is decoded, rotated and encoded in the same way as before, and the metadata
/// chunks are put around it.
enum WebPTransform {
    /// High enough that the second loss is invisible, and the file does not grow too much.
    private static let quality: Float = 95

    static func apply(
        _ change: Orientation, to file: RawSpan, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> ImageTransform.Outcome {
        let header = try WebPHeader.read(file, limits: limits)
        guard !header.coding.is_animated else { throw .unsupported("this WebP is an animation") }
        let rotation = PixelRotation(
            stored: header.info.orientation, change: change, before: header.info.size, limits: limits,
            cancelled: cancelled)
        guard rotation.total != .upright else { return retagged(file, header, rotation) }

        let pixels = try ImageDecoder.decode(
            file, info: header.info, colors: .stored, limits: limits, cancelled: cancelled)
        let rotated = try pixels.rotated(by: rotation.total, cancelled: cancelled)
        let encoded = try ImageEncoder.encodeWebP(
            rotated, quality: quality, isLossless: header.coding.is_lossless, cancelled: cancelled)
        var outcome = ImageTransform.Outcome(bytes: [], isLossless: header.coding.is_lossless)
        outcome.bytes = try assemble(encoded, file, header, rotation, &outcome.effects)
        // After the length in the RIFF header and its padding.
        if let size = file.littleEndian32(at: 4), 8 + size + size % 2 < file.byteCount {
            outcome.effects.insert(.droppedPictures)
        }
        return outcome
    }

    /// The same file with its tag set to upright. The chunks and the container keep their lengths.
    private static func retagged(
        _ file: RawSpan, _ header: WebPHeader, _ rotation: PixelRotation
    ) -> ImageTransform.Outcome {
        var outcome = ImageTransform.Outcome(bytes: file.copy(0..<file.byteCount), isLossless: true)
        for chunk in header.chunks where chunk.name == WebPChunk.exif || chunk.name == WebPChunk.xmp {
            let data = edited(chunk, file, rotation, mayGrow: false, &outcome.effects)
            outcome.bytes.replaceSubrange(chunk.data, with: data)
        }
        return outcome
    }

    private static func assemble(
        _ encoded: [UInt8], _ file: RawSpan, _ header: WebPHeader, _ rotation: PixelRotation,
        _ effects: inout TransformEffects
    ) throws(CodecError) -> [UInt8] {
        let picture = [
            WebPChunk.extended, WebPChunk.alpha, WebPChunk.lossy, WebPChunk.lossless, WebPChunk.animation,
            WebPChunk.frame,
        ]
        var named: [FourCC: [UInt8]] = [:]
        var others: [(name: FourCC, data: [UInt8])] = []
        for chunk in header.chunks where !picture.contains(chunk.name) {
            let data = edited(chunk, file, rotation, mayGrow: true, &effects)
            switch chunk.name {
            case WebPChunk.profile, WebPChunk.exif, WebPChunk.xmp:
                // If there are several, only the first one counts (RFC 9649 section 2.7).
                if named[chunk.name] == nil { named[chunk.name] = data }
            default: others.append((chunk.name, data))
            }
        }
        guard !named.isEmpty || !others.isEmpty else { return encoded }
        return try unsafe WebPContainer.rebuild(
            encoded.span.bytes, size: rotation.after, profile: named[WebPChunk.profile], exif: named[WebPChunk.exif],
            xmp: named[WebPChunk.xmp], others: others)
    }

    /// A chunk's data, changed where it describes the picture's shape.
    private static func edited(
        _ chunk: WebPChunk, _ file: RawSpan, _ rotation: PixelRotation, mayGrow: Bool, _ effects: inout TransformEffects
    ) -> [UInt8] {
        var data = file.copy(chunk.data)
        switch chunk.name {
        case WebPChunk.exif:
            let block = ExifHeader.anyTIFF(chunk: file, chunk.data)
            var exif = file.copy(block)
            let maximumBytes = exif.count + (mayGrow ? 65_536 : 0)
            effects.formUnion(MetadataEdit.rotateExif(&exif, rotation, maximumBytes: maximumBytes))
            data = file.copy(chunk.data.lowerBound..<block.lowerBound) + exif
        case WebPChunk.xmp:
            XMPEdit.rotate(&data, rotation)
        default: break
        }
        return data
    }
}
