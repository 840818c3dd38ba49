import ImageModel

/// The metadata segments of a rotated JPEG: those of the original, changed where they describe the picture's shape.
struct JPEGMetadataRotation {
    let rotation: PixelRotation
    /// No segment may change its length, and none may be removed.
    let keepsPlaces: Bool
    /// What was lost.
    private(set) var effects: TransformEffects = []
    /// Whether some XMP lists pictures after the end.
    private(set) var listsPictures = false

    init(rotation: PixelRotation, keepsPlaces: Bool) {
        self.rotation = rotation
        self.keepsPlaces = keepsPlaces
    }

    /// All metadata segments that stay, as whole segments.
    mutating func rotated(_ file: RawSpan, _ segments: [JPEGSegment]) -> [[UInt8]] {
        var kept: [[UInt8]] = []
        for segment in segments where segment.isMetadata {
            if let bytes = rotated(file, segment) { kept.append(bytes) }
        }
        return kept
    }

    /// One segment; nil if it is removed.
    mutating func rotated(_ file: RawSpan, _ segment: JPEGSegment) -> [UInt8]? {
        let start = segment.payload.lowerBound
        var payload = file.copy(segment.payload)
        switch segment.marker {
        case JPEGSegment.Marker.application1 where file.has(JPEGSegment.Signature.extendedXMP, at: start):
            return file.copy(segment.range)
        case JPEGSegment.Marker.application1:
            if let block = ExifHeader.tiff(jpeg: file, segment.payload) {
                rotateExif(&payload, header: block.lowerBound - start)
            } else {
                rotateXMP(&payload)
            }
        case JPEGSegment.Marker.application2
        where !keepsPlaces
            && (file.has(JPEGSegment.Signature.multiPicture, at: start)
                || file.has(JPEGSegment.Signature.gainMap, at: start)):
            effects.insert(.droppedPictures)
            return nil
        case JPEGSegment.Marker.application13:
            let changed = PhotoshopResources.rotated(payload, rotation, keepsPlaces: keepsPlaces)
            payload = changed.payload
            effects.formUnion(changed.effects)
        case JPEGSegment.Marker.application0 where file.has(JPEGSegment.Signature.jfxx, at: start):
            return rotatedJFXX(payload)
        case JPEGSegment.Marker.application0
        where file.has(JPEGSegment.Signature.jfif, at: start) && payload.count >= 14:
            rotateJFIF(&payload)
        default:
            return file.copy(segment.range)
        }
        return JPEGSegment.encode(segment.marker, payload)
    }

    /// - Parameter header: the number of bytes before the block.
    private mutating func rotateExif(_ payload: inout [UInt8], header: Int) {
        var block = Array(payload.dropFirst(header))
        let maximumBytes = keepsPlaces ? block.count : JPEGSegment.maximumPayload - header
        effects.formUnion(MetadataEdit.rotateExif(&block, rotation, maximumBytes: maximumBytes))
        payload = payload.prefix(header) + block
    }

    /// XMP after its header, or after another one that is read all the same.
    private mutating func rotateXMP(_ payload: inout [UInt8]) {
        let signature = JPEGSegment.Signature.xmp
        let header = payload.starts(with: signature) ? signature.count : 0
        var packet = Array(payload.dropFirst(header))
        XMPEdit.rotate(&packet, rotation)
        payload = payload.prefix(header) + packet
        if XMPEdit.listsPictures(payload) { listsPictures = true }
    }

    /// Exchanges the densities (ITU-T T.871 10.1) and drops the thumbnail, which is uncompressed and no longer in use.
    private mutating func rotateJFIF(_ payload: inout [UInt8]) {
        // Identifier 5, version 2, units 1; then two densities of 2 and two thumbnail sides of 1.
        if rotation.total.swapsAxes { payload.replaceSubrange(8..<12, with: payload[10..<12] + payload[8..<10]) }
        guard payload[12] != 0 || payload[13] != 0 else { return }
        payload = payload[..<12] + [0, 0]
        effects.insert(.droppedThumbnail)
    }

    /// A JFIF extension (ITU-T T.871 annex) with a thumbnail: one coded as JPEG (0x10) is rotated too.
    private mutating func rotatedJFXX(_ payload: [UInt8]) -> [UInt8]? {
        let head = JPEGSegment.Signature.jfxx.count + 1
        if payload.count > head, payload[head - 1] == 0x10,
            let thumbnail = Thumbnail.rotated(
                Array(payload[head...]), by: rotation.total, limits: rotation.limits, cancelled: rotation.cancelled),
            head + thumbnail.count <= JPEGSegment.maximumPayload
        {
            return JPEGSegment.encode(JPEGSegment.Marker.application0, payload[..<head] + thumbnail)
        }
        effects.insert(.droppedThumbnail)
        return nil
    }
}
