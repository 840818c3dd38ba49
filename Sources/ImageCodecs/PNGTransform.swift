import CImageCodecs
import ImageModel

/// ``ImageTransform`` for PNG: C turns the samples, and the other chunks are put back around them from the original's
/// bytes.
enum PNGTransform {
    static func apply(
        _ change: Orientation, to file: RawSpan, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> ImageTransform.Outcome {
        let header = try PNGHeader.read(file, limits: limits)
        guard !header.isAnimated else { throw .unsupported("this PNG is an animation") }
        let turn = PictureTurn(
            stored: header.info.orientation, change: change, before: header.info.size, limits: limits,
            cancelled: cancelled)
        guard turn.total != .upright else { return retagged(file, header.chunks, turn) }

        let core = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe file.withCBytes { (pointer, count) in
                unsafe tt_png_turn(
                    pointer, count, turn.total.turn, UInt64(limits.maximumPixels), cancelled.pointer, &buffer)
            }
            try check(status, format: "PNG")
        }
        return try assemble(core, file, header.chunks, turn)
    }

    /// The same file with its tag set to upright.
    private static func retagged(_ file: RawSpan, _ chunks: [PNGChunk], _ turn: PictureTurn) -> ImageTransform.Outcome {
        var outcome = ImageTransform.Outcome(bytes: [], isLossless: true)
        outcome.bytes.reserveCapacity(file.byteCount)
        var at = 0
        for chunk in chunks where chunk.name == PNGChunk.exif || chunk.name == PNGChunk.internationalText {
            outcome.bytes += file.copy(at..<chunk.range.lowerBound)
            outcome.bytes += edited(chunk, file, turn, &outcome.effects)
            at = chunk.range.upperBound
        }
        outcome.bytes += file.copy(at..<file.byteCount)
        return outcome
    }

    private static func assemble(
        _ core: [UInt8], _ file: RawSpan, _ chunks: [PNGChunk], _ turn: PictureTurn
    ) throws(CodecError) -> ImageTransform.Outcome {
        let coreBytes = unsafe core.span.bytes
        let coreChunks = try PNGChunks.all(in: coreBytes, limits: CodecLimits(maximumChunks: .max))
        var outcome = ImageTransform.Outcome(bytes: PNGChunk.signature, isLossless: true)
        outcome.bytes.reserveCapacity(core.count + 4_096)
        for chunk in coreChunks where chunk.name == PNGChunk.header { outcome.bytes += coreBytes.copy(chunk.range) }
        var isPictureWritten = false
        for chunk in chunks where chunk.name != PNGChunk.header {
            guard chunk.name == PNGChunk.imageData else {
                outcome.bytes += edited(chunk, file, turn, &outcome.effects)
                continue
            }
            guard !isPictureWritten else { continue }
            isPictureWritten = true
            for data in coreChunks where data.name == PNGChunk.imageData { outcome.bytes += coreBytes.copy(data.range) }
        }
        if let last = chunks.last, last.range.upperBound < file.byteCount { outcome.effects.insert(.droppedPictures) }
        return outcome
    }

    /// A chunk of the original, changed where it speaks of what has been turned.
    private static func edited(
        _ chunk: PNGChunk, _ file: RawSpan, _ turn: PictureTurn, _ effects: inout TransformEffects
    ) -> [UInt8] {
        var data = file.copy(chunk.data)
        switch chunk.name {
        case PNGChunk.exif:
            // Nothing in a PNG refers to a chunk by its place: the block may grow by a thumbnail.
            effects.formUnion(MetadataEdit.turnExif(&data, turn, room: data.count + 65_536))
        case PNGChunk.internationalText where file.has(PNGChunk.xmpKeyword + [0], at: chunk.data.lowerBound):
            XMPEdit.turn(&data, turn)
        case PNGChunk.physicalSize where turn.total.swapsAxes && data.count == 9:
            data = Array(data[4..<8] + data[0..<4] + data[8..<9])
        default:
            return file.copy(chunk.range)
        }
        return PNGChunk.encode(chunk.name, data)
    }
}
