import CImageCodecs
import ImageModel

/// ``ImageTransform`` for JPEG: C rotates the picture, and the metadata segments are put around it again from the
/// original's bytes.
enum JPEGTransform {
    static func apply(
        _ change: Orientation, to file: RawSpan, edge: ImageTransform.Edge, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> ImageTransform.Outcome {
        let header = try JPEGHeader.read(file, limits: limits)
        var rotation = PixelRotation(
            stored: header.info.orientation, change: change, before: header.info.size, limits: limits,
            cancelled: cancelled)
        guard rotation.total != .upright else { return retagged(file, header, rotation) }
        guard header.coding != nil else { throw .unsupported("this kind of JPEG can be stored, but not rotated") }

        let core = try rotatePicture(file, by: rotation.total, edge: edge, limits: limits, cancelled: cancelled)
        let whole = rotation.after
        rotation.after = core.size
        var metadata = JPEGMetadataRotation(rotation: rotation, keepsPlaces: false)
        let segments = metadata.rotated(file, header.segments)
        var effects = metadata.effects
        if core.size != whole { effects.insert(.trimmedEdge) }
        if try hasBytesBehindEnd(file, limits: limits) { effects.insert(.droppedPictures) }
        if effects.contains(.droppedPictures), metadata.listsPictures { effects.insert(.staleContainerList) }
        return ImageTransform.Outcome(
            bytes: assemble(core.bytes, segments), isLossless: core.isLossless, effects: effects)
    }

    /// The same file with its tag set to upright. Everything stays in its place, so an index of pictures after the end
    /// stays valid.
    private static func retagged(
        _ file: RawSpan, _ header: JPEGHeader, _ rotation: PixelRotation
    ) -> ImageTransform.Outcome {
        var bytes = file.copy(0..<file.byteCount)
        var metadata = JPEGMetadataRotation(rotation: rotation, keepsPlaces: true)
        let told: Set<UInt8> = [JPEGSegment.Marker.application1, JPEGSegment.Marker.application13]
        for segment in header.segments where told.contains(segment.marker) {
            guard let changed = metadata.rotated(file, segment), changed.count == segment.range.count else { continue }
            bytes.replaceSubrange(segment.range, with: changed)
        }
        return ImageTransform.Outcome(bytes: bytes, isLossless: true, effects: metadata.effects)
    }

    private static func hasBytesBehindEnd(_ file: RawSpan, limits: CodecLimits) throws(CodecError) -> Bool {
        var structure = JPEGStructure(limits: limits)
        try structure.consume(file)
        return try structure.finish().trailingBytes > 0
    }

    /// Tables and scans of the rotated picture, from SOI to EOI, without metadata.
    static func rotatePicture(
        _ file: RawSpan, by total: Orientation, edge: ImageTransform.Edge, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> (bytes: [UInt8], isLossless: Bool, size: PixelSize) {
        var isLossless = false
        let bytes = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe file.withCBytes { (pointer, count) in
                unsafe tt_jpeg_rotate(
                    pointer, count, total.rotation, edge == .trim, UInt64(limits.maximumPixels),
                    UInt32(limits.maximumScans), cancelled.pointer, &buffer, &isLossless)
            }
            try check(status, format: "JPEG")
        }
        let span = unsafe bytes.span.bytes
        let frame = try JPEGHeader.FrameHeader.read(span, segments: JPEGSegments.all(in: span, limits: limits))
        return (bytes, isLossless, PixelSize(width: frame.width, height: frame.height))
    }

    /// Inserts segments after the SOI of a picture.
    static func assemble(_ core: [UInt8], _ metadata: [[UInt8]]) -> [UInt8] {
        var file: [UInt8] = []
        file.reserveCapacity(core.count + metadata.reduce(0) { $0 + $1.count })
        file += core.prefix(2)
        for segment in metadata { file += segment }
        file += core.dropFirst(2)
        return file
    }
}
