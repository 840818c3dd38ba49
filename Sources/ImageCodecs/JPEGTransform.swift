import CImageCodecs
import ImageModel

/// ``ImageTransform`` for JPEG: C turns the picture, and the metadata segments are put back around it from the
/// original's bytes.
enum JPEGTransform {
    /// `http://ns.adobe.com/xap/1.0/` and a zero: how an APP1 segment with XMP begins (XMP part 3, 1.1.3).
    private static let xmpSignature = Array("http://ns.adobe.com/xap/1.0/".utf8) + [0]
    /// CIPA DC-007 5.1.
    private static let multiPictureSignature: [UInt8] = [0x4D, 0x50, 0x46, 0]
    private static let jfifSignature: [UInt8] = [0x4A, 0x46, 0x49, 0x46, 0]
    private static let jfxxSignature: [UInt8] = [0x4A, 0x46, 0x58, 0x58, 0]

    static func apply(
        _ change: Orientation, to file: RawSpan, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> (bytes: [UInt8], isLossless: Bool) {
        let header = try JPEGHeader.read(file, limits: limits)
        let total = header.info.orientation.followed(by: change)
        guard total != .upright else { return (retagged(file, header), true) }
        guard header.coding != nil else { throw .unsupported("this kind of JPEG can be stored, but not turned") }

        let core = try turnPicture(file, by: total, limits: limits, cancelled: cancelled)
        let metadata = turnedMetadata(file, header, by: total) { (thumbnail) in
            turnThumbnail(thumbnail, by: total, limits: limits, cancelled: cancelled)
        }
        return (assemble(core.bytes, metadata), core.isLossless)
    }

    /// The same file with its tag set to upright.
    private static func retagged(_ file: RawSpan, _ header: JPEGHeader) -> [UInt8] {
        var bytes = file.copy(0..<file.byteCount)
        for segment in header.segments where segment.marker == JPEGSegment.Marker.application1 {
            var payload = Array(bytes[segment.payload])
            if let exif = header.exif, segment.payload.contains(exif.lowerBound) {
                var block = Array(bytes[exif])
                MetadataEdit.turnExif(&block, by: .upright) { _ in nil }
                payload.replaceSubrange(payload.count - block.count..<payload.count, with: block)
            } else if file.has(xmpSignature, at: segment.payload.lowerBound) {
                MetadataEdit.normalizeXMP(&payload)
            }
            bytes.replaceSubrange(segment.payload, with: payload)
        }
        return bytes
    }

    /// Tables and scans of the turned picture, from SOI to EOI, without metadata.
    private static func turnPicture(
        _ file: RawSpan, by total: Orientation, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> (bytes: [UInt8], isLossless: Bool) {
        var isLossless = false
        let bytes = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe file.withCBytes { (pointer, count) in
                unsafe tt_jpeg_turn(
                    pointer, count, total.turn, UInt64(limits.maximumPixels), UInt32(limits.maximumScans),
                    cancelled.pointer, &buffer, &isLossless)
            }
            try check(status, format: "JPEG")
        }
        return (bytes, isLossless)
    }

    /// A thumbnail turned along, with its own metadata segments; nil where that cannot be done.
    private static func turnThumbnail(
        _ thumbnail: [UInt8], by total: Orientation, limits: CodecLimits, cancelled: CancelFlag
    ) -> [UInt8]? {
        let bytes = unsafe thumbnail.span.bytes
        guard let segments = try? JPEGSegments.all(in: bytes, limits: limits),
            let core = try? turnPicture(bytes, by: total, limits: limits, cancelled: cancelled)
        else { return nil }
        // JFIF and Adobe segments say how the colours are meant; a thumbnail has no other business.
        let kept = segments.filter {
            $0.marker == JPEGSegment.Marker.application0 || $0.marker == JPEGSegment.Marker.application14
        }
        return assemble(core.bytes, kept.map { bytes.copy($0.range) })
    }

    private static func assemble(_ core: [UInt8], _ metadata: [[UInt8]]) -> [UInt8] {
        var file: [UInt8] = []
        file.reserveCapacity(core.count + metadata.reduce(0) { $0 + $1.count })
        file += core.prefix(2)
        for segment in metadata { file += segment }
        file += core.dropFirst(2)
        return file
    }

    /// The metadata segments of the original, changed where they speak of what has been turned.
    private static func turnedMetadata(
        _ file: RawSpan, _ header: JPEGHeader, by total: Orientation, turnThumbnail: ([UInt8]) -> [UInt8]?
    ) -> [[UInt8]] {
        var kept: [[UInt8]] = []
        for segment in header.segments where segment.isMetadata {
            var bytes = file.copy(segment.range)
            let payload = segment.payload.lowerBound
            if let exif = header.exif, segment.payload.contains(exif.lowerBound) {
                var block = file.copy(exif)
                MetadataEdit.turnExif(&block, by: total, turnThumbnail: turnThumbnail)
                bytes.replaceSubrange(bytes.count - block.count..<bytes.count, with: block)
            } else if file.has(xmpSignature, at: payload) {
                MetadataEdit.normalizeXMP(&bytes)
            } else if segment.marker == JPEGSegment.Marker.application2, file.has(multiPictureSignature, at: payload) {
                continue
            } else if segment.marker == JPEGSegment.Marker.application0 {
                if file.has(jfxxSignature, at: payload) { continue }
                if file.has(jfifSignature, at: payload), segment.payload.count >= 14 {
                    bytes = turnedJFIF(bytes, swapsAxes: total.swapsAxes)
                }
            }
            kept.append(bytes)
        }
        return kept
    }

    /// A JFIF segment (ITU-T T.871 10.1) with its densities exchanged and without its thumbnail.
    private static func turnedJFIF(_ segment: [UInt8], swapsAxes: Bool) -> [UInt8] {
        var segment = segment
        // Marker 2, length 2, identifier 5, version 2, units 1; then two densities of 2 and two thumbnail sides of 1.
        if swapsAxes {
            let across = Array(segment[12..<14])
            segment.replaceSubrange(12..<14, with: segment[14..<16])
            segment.replaceSubrange(14..<16, with: across)
        }
        guard segment[16] != 0 || segment[17] != 0 else { return segment }
        segment.replaceSubrange(16..<18, with: [0, 0])
        segment.replaceSubrange(2..<4, with: [0, 16])
        return Array(segment.prefix(18))
    }
}
