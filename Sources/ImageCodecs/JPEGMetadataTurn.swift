import ImageModel

/// The metadata segments of a turned JPEG: those of the original, changed where they speak of what was turned.
struct JPEGMetadataTurn {
    /// `http://ns.adobe.com/xap/1.0/` and a zero: how an APP1 segment with XMP begins (XMP part 3, 1.1.3).
    private static let xmp = Array("http://ns.adobe.com/xap/1.0/".utf8) + [0]
    /// CIPA DC-007 5.1: the index of pictures behind the end.
    private static let multiPicture: [UInt8] = [0x4D, 0x50, 0x46, 0]
    /// ISO 21496-1 annex C: says which of those pictures is a gain map, and of which version.
    private static let gainMap = Array("urn:iso:std:iso:ts:21496:-1".utf8) + [0]
    private static let jfif: [UInt8] = [0x4A, 0x46, 0x49, 0x46, 0]
    private static let jfxx: [UInt8] = [0x4A, 0x46, 0x58, 0x58, 0]
    /// The largest payload of a segment: its length has 16 bits and counts itself.
    private static let maximumPayload = 65_533

    let turn: PictureTurn
    /// No segment may change its length, and none may go.
    let keepsPlaces: Bool
    /// What was lost on the way.
    private(set) var effects: TransformEffects = []
    /// Whether some XMP lists pictures behind the end.
    private(set) var listsPictures = false

    init(turn: PictureTurn, keepsPlaces: Bool) {
        self.turn = turn
        self.keepsPlaces = keepsPlaces
    }

    /// All metadata segments that stay, whole.
    mutating func turned(_ file: RawSpan, _ segments: [JPEGSegment]) -> [[UInt8]] {
        var kept: [[UInt8]] = []
        for segment in segments where segment.isMetadata {
            if let bytes = turned(file, segment) { kept.append(bytes) }
        }
        return kept
    }

    /// One segment; nil where it goes.
    mutating func turned(_ file: RawSpan, _ segment: JPEGSegment) -> [UInt8]? {
        let start = segment.payload.lowerBound
        var payload = file.copy(segment.payload)
        switch segment.marker {
        case JPEGSegment.Marker.application1 where file.has(ExifLocation.signature, at: start):
            turnExif(&payload)
        case JPEGSegment.Marker.application1 where file.has(Self.xmp, at: start):
            XMPEdit.turn(&payload, turn)
            if XMPEdit.listsPictures(payload) { listsPictures = true }
        case JPEGSegment.Marker.application2 where !keepsPlaces && file.has(Self.multiPicture, at: start),
            JPEGSegment.Marker.application2 where !keepsPlaces && file.has(Self.gainMap, at: start):
            effects.insert(.droppedPictures)
            return nil
        case JPEGSegment.Marker.application13 where !keepsPlaces:
            let changed = PhotoshopResources.turned(payload, turn)
            payload = changed.payload
            effects.formUnion(changed.effects)
        case JPEGSegment.Marker.application0 where file.has(Self.jfxx, at: start):
            return turnedJFXX(payload)
        case JPEGSegment.Marker.application0 where file.has(Self.jfif, at: start) && payload.count >= 14:
            turnJFIF(&payload)
        default:
            return file.copy(segment.range)
        }
        return Self.segment(segment.marker, payload)
    }

    private mutating func turnExif(_ payload: inout [UInt8]) {
        let signature = ExifLocation.signature
        var block = Array(payload.dropFirst(signature.count))
        let room = keepsPlaces ? block.count : Self.maximumPayload - signature.count
        effects.formUnion(MetadataEdit.turnExif(&block, turn, room: room))
        payload = signature + block
    }

    /// Exchanges the densities (ITU-T T.871 10.1) and drops the thumbnail, which is uncompressed and out of use.
    private mutating func turnJFIF(_ payload: inout [UInt8]) {
        // Identifier 5, version 2, units 1; then two densities of 2 and two thumbnail sides of 1.
        if turn.total.swapsAxes { payload.replaceSubrange(8..<12, with: payload[10..<12] + payload[8..<10]) }
        guard payload[12] != 0 || payload[13] != 0 else { return }
        payload = payload[..<12] + [0, 0]
        effects.insert(.droppedThumbnail)
    }

    /// A JFIF extension (ITU-T T.871 annex) with a thumbnail: one coded as JPEG (0x10) is turned along.
    private mutating func turnedJFXX(_ payload: [UInt8]) -> [UInt8]? {
        let head = Self.jfxx.count + 1
        if payload.count > head, payload[head - 1] == 0x10,
            let thumbnail = Thumbnail.turned(
                Array(payload[head...]), by: turn.total, limits: turn.limits, cancelled: turn.cancelled),
            head + thumbnail.count <= Self.maximumPayload
        {
            return Self.segment(JPEGSegment.Marker.application0, payload[..<head] + thumbnail)
        }
        effects.insert(.droppedThumbnail)
        return nil
    }

    private static func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count + 2
        return [0xFF, marker, UInt8(length >> 8), UInt8(length & 0xFF)] + payload
    }
}
