import ImageModel

/// JPEG: segments before the first scan, and between the scans of a progressive file.
enum JPEGMetadataFilter {
    static func apply(
        _ policy: MetadataPolicy, to file: RawSpan, end: Int, info: ImageInfo, limits: CodecLimits
    ) throws(CodecError) -> [UInt8] {
        let segments = try JPEGSegments.all(in: file, limits: limits)
        var result: [UInt8] = [0xFF, JPEGSegment.Marker.startOfImage]
        result.reserveCapacity(end)
        if policy == .dropAll, let block = MetadataPolicy.exif(for: info.orientation) {
            result += JPEGSegment.encode(JPEGSegment.Marker.application1, ExifLocation.signature + block) ?? []
        }
        guard let last = segments.last else { throw .damaged("a JPEG without segments") }
        append(segments, policy, file, to: &result)
        let start = last.range.upperBound
        let between = try JPEGSegments.metadata(behind: start, before: end, in: file, limits: limits)
        append(between, policy, file, behind: start, to: &result)
        return result + file.copy((between.last?.range.upperBound ?? start)..<end)
    }

    /// Appends what is kept of these segments.
    ///
    /// - Parameter start: where the bytes begin that are kept between them; nil if there are none.
    private static func append(
        _ segments: [JPEGSegment], _ policy: MetadataPolicy, _ file: RawSpan, behind start: Int? = nil,
        to result: inout [UInt8]
    ) {
        let cleaned = policy == .dropAll ? nil : JPEGLocationFilter.clean(segments, in: file)
        var at = start
        for (index, part) in segments.enumerated() {
            if let start = at { result += file.copy(start..<part.range.lowerBound) }
            if let cleaned {
                result += cleaned[index]
            } else if isNeeded(part, file) {
                result += file.copy(part.range)
            }
            if at != nil { at = part.range.upperBound }
        }
    }

    /// Segments that are not metadata, and of the others JFIF, the profile and Adobe's colour space.
    private static func isNeeded(_ part: JPEGSegment, _ file: RawSpan) -> Bool {
        guard part.isMetadata else { return true }
        switch part.marker {
        case JPEGSegment.Marker.application0: return file.has(JPEGSegment.Signature.jfif, at: part.payload.lowerBound)
        case JPEGSegment.Marker.application2: return file.has(ICCProfile.jpegSignature, at: part.payload.lowerBound)
        case JPEGSegment.Marker.application14: return true
        default: return false
        }
    }
}
