/// The metadata segments of a JPEG without a place.
///
/// - Known metadata is cleaned in place: EXIF, with any header, in one segment or several; XMP; Photoshop's resources.
/// - Segments that lead to data after the picture's end are removed, and so is any other segment that may contain a
///   place.
/// - Comments stay.
struct JPEGLocationFilter {
    private let segments: [JPEGSegment]
    /// The replacement of each segment.
    private var result: [[UInt8]] = []

    /// - Parameter segments: segments in their order.
    /// - Returns: the replacement of each of them; empty for those that are removed.
    static func clean(_ segments: [JPEGSegment], in file: RawSpan) -> [[UInt8]] {
        var filter = JPEGLocationFilter(segments)
        while filter.result.count < segments.count { filter.takeNext(file) }
        return filter.result
    }

    private init(_ segments: [JPEGSegment]) {
        self.segments = segments
    }

    private mutating func takeNext(_ file: RawSpan) {
        let segment = segments[result.count]
        guard segment.isMetadata else { return keep(file) }
        let payload = segment.payload
        switch segment.marker {
        case JPEGSegment.Marker.comment, JPEGSegment.Marker.application14: keep(file)
        case JPEGSegment.Marker.application0 where file.has(JPEGSegment.Signature.jfif, at: payload.lowerBound):
            keep(file)
        case JPEGSegment.Marker.application1: takeApplication1(file, payload)
        case JPEGSegment.Marker.application2 where file.has(ICCProfile.jpegSignature, at: payload.lowerBound):
            keep(file)
        case JPEGSegment.Marker.application2 where file.has(JPEGSegment.Signature.multiPicture, at: payload.lowerBound):
            drop(1)
        case JPEGSegment.Marker.application11: takeBoxes(file)
        case JPEGSegment.Marker.application13 where file.has(PhotoshopResources.signature, at: payload.lowerBound):
            takePhotoshop(file, head: PhotoshopResources.signature.count)
        case JPEGSegment.Marker.application13 where file.has(Self.oldPhotoshop, at: payload.lowerBound):
            takePhotoshop(file, head: 27)
        default: mayHoldPlace(file, [payload]) ? drop(1) : keep(file)
        }
    }

    private static let oldPhotoshop = Array("Adobe_Photoshop2.5:".utf8)
    /// Thermal images, whose records contain a place without any name.
    private static let heat = Array("FLIR".utf8) + [0]

    private mutating func takeApplication1(_ file: RawSpan, _ payload: Range<Int>) {
        if let block = ExifHeader.tiff(jpeg: file, payload) {
            takeExif(file, block)
        } else if file.has(JPEGSegment.Signature.xmp, at: payload.lowerBound) {
            takeXMP(file, payload.dropFirst(JPEGSegment.Signature.xmp.count))
        } else if file.has(JPEGSegment.Signature.extendedXMP, at: payload.lowerBound)
            || file.has(Self.heat, at: payload.lowerBound)
        {
            // A name may be split between the parts of a packet.
            drop(1)
        } else if mayHoldPlace(file, [payload]) {
            // XMP after another header, or something unknown.
            var packet = file.copy(payload)
            if LocationRemoval.clean(xmp: &packet) == true { replace(file, [payload], with: packet) } else { drop(1) }
        } else {
            keep(file)
        }
    }

    private mutating func takeXMP(_ file: RawSpan, _ part: Range<Int>) {
        var packet = file.copy(part)
        if LocationRemoval.clean(xmp: &packet) == nil { drop(1) } else { replace(file, [part], with: packet) }
    }

    /// EXIF that is too long for one segment continues in the next ones.
    private mutating func takeExif(_ file: RawSpan, _ block: Range<Int>) {
        let first = result.count
        var parts = [block]
        while let next = follower(first + parts.count - 1), ExifHeader.isContinuation(jpeg: file, next.payload) {
            parts.append(next.payload.dropFirst(ExifHeader.signature.count))
        }
        if !ExifHeader.isTIFF(file, block), mayHoldPlace(file, parts) { return drop(parts.count) }
        var bytes = parts.flatMap { file.copy($0) }
        if LocationRemoval.clean(exif: &bytes) != nil { return replace(file, parts, with: bytes) }
        drop(parts.count)
        if let rest = LocationRemoval.replacement(for: bytes) {
            result[first] = JPEGSegment.encode(segments[first].marker, ExifHeader.signature + rest) ?? []
        }
    }

    /// Resources continue in the next segment, wherever one ends.
    private mutating func takePhotoshop(_ file: RawSpan, head: Int) {
        let first = result.count
        var parts = [segments[first].payload.dropFirst(head)]
        while let next = follower(first + parts.count - 1),
            file.has(PhotoshopResources.signature, at: next.payload.lowerBound)
        {
            parts.append(next.payload.dropFirst(PhotoshopResources.signature.count))
        }
        var bytes = parts.flatMap { file.copy($0) }
        PhotoshopLocationRemoval.clean(resources: &bytes)
        replace(file, parts, with: bytes)
    }

    /// JUMBF (ISO/IEC 19566-5): signed statements about a picture, with its EXIF among them. They are bound to one
    /// another and to bytes of the file, so all of them stay or all are removed.
    private mutating func takeBoxes(_ file: RawSpan) {
        let first = result.count
        var parts = [segments[first].payload]
        // Number, sequence, and the head of the box, which each segment repeats.
        while let next = follower(first + parts.count - 1) { parts.append(next.payload.dropFirst(16)) }
        if mayHoldPlace(file, parts) { return drop(parts.count) }
        for _ in parts { keep(file) }
    }

    /// The segment directly after another one of its kind.
    private func follower(_ index: Int) -> JPEGSegment? {
        guard index + 1 < segments.count, segments[index + 1].marker == segments[index].marker,
            segments[index + 1].range.lowerBound == segments[index].range.upperBound
        else { return nil }
        return segments[index + 1]
    }

    /// Keeps the next segment byte for byte.
    private mutating func keep(_ file: RawSpan) {
        result.append(file.copy(segments[result.count].range))
    }

    /// Removes the next segments.
    private mutating func drop(_ count: Int) {
        for _ in 0..<count { result.append([]) }
    }

    /// Replaces these parts, one in each of the next segments, by these bytes.
    private mutating func replace(_ file: RawSpan, _ parts: [Range<Int>], with bytes: [UInt8]) {
        var at = 0
        for part in parts {
            let start = segments[result.count].range.lowerBound
            result.append(file.copy(start..<part.lowerBound) + bytes[at..<at + part.count])
            at += part.count
        }
    }

    private func mayHoldPlace(_ file: RawSpan, _ parts: [Range<Int>]) -> Bool {
        let bytes = parts.flatMap { file.copy($0) }
        return unsafe LocationRemoval.mayHoldPlace(bytes.span.bytes)
    }
}
