import CImageCodecs
import ImageModel

/// ``ImageTransform`` for PNG: C rotates the samples, and the other chunks are put around them again from the
/// original's bytes.
enum PNGTransform {
    static func apply(
        _ change: Orientation, to file: RawSpan, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> ImageTransform.Outcome {
        let header = try PNGHeader.read(file, limits: limits)
        guard !header.isAnimated else { throw .unsupported("this PNG is an animation") }
        let rotation = PixelRotation(
            stored: header.info.orientation, change: change, before: header.info.size, limits: limits,
            cancelled: cancelled)
        guard rotation.total != .upright else { return retagged(file, header.chunks, rotation) }

        let core = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe file.withCBytes { (pointer, count) in
                unsafe tt_png_rotate(
                    pointer, count, rotation.total.rotation, UInt64(limits.maximumPixels), cancelled.pointer, &buffer)
            }
            try check(status, format: "PNG")
        }
        return try assemble(core, file, header.chunks, rotation)
    }

    /// The same file with its tag set to upright.
    private static func retagged(
        _ file: RawSpan, _ chunks: [PNGChunk], _ rotation: PixelRotation
    ) -> ImageTransform.Outcome {
        var outcome = ImageTransform.Outcome(bytes: [], isLossless: true)
        outcome.bytes.reserveCapacity(file.byteCount)
        var at = 0
        var metadata = PNGMetadataRotation(rotation: rotation)
        for chunk in chunks where PNGMetadataRotation.mayTell(chunk) {
            outcome.bytes += file.copy(at..<chunk.range.lowerBound)
            outcome.bytes += metadata.rotated(chunk, file)
            at = chunk.range.upperBound
        }
        outcome.effects = metadata.effects
        outcome.bytes += file.copy(at..<file.byteCount)
        return outcome
    }

    private static func assemble(
        _ core: [UInt8], _ file: RawSpan, _ chunks: [PNGChunk], _ rotation: PixelRotation
    ) throws(CodecError) -> ImageTransform.Outcome {
        let coreBytes = unsafe core.span.bytes
        let coreChunks = try PNGChunks.all(in: coreBytes, limits: CodecLimits(maximumChunks: .max))
        var outcome = ImageTransform.Outcome(bytes: PNGChunk.signature, isLossless: true)
        outcome.bytes.reserveCapacity(core.count + 4_096)
        for chunk in coreChunks where chunk.name == PNGChunk.header { outcome.bytes += coreBytes.copy(chunk.range) }
        var metadata = PNGMetadataRotation(rotation: rotation)
        var isPictureWritten = false
        for chunk in chunks where chunk.name != PNGChunk.header {
            guard chunk.name == PNGChunk.imageData else {
                outcome.bytes += metadata.rotated(chunk, file)
                continue
            }
            guard !isPictureWritten else { continue }
            isPictureWritten = true
            for data in coreChunks where data.name == PNGChunk.imageData { outcome.bytes += coreBytes.copy(data.range) }
        }
        outcome.effects = metadata.effects
        if let last = chunks.last, last.range.upperBound < file.byteCount { outcome.effects.insert(.droppedPictures) }
        return outcome
    }
}
