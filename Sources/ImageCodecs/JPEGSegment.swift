/// One marker segment in the header of a JPEG (ISO/IEC 10918-1 B.1.1): a marker, two bytes of length, a payload.
struct JPEGSegment: Sendable, Hashable {
    /// The second byte of the marker.
    var marker: UInt8
    /// The whole segment, from its 0xFF on.
    var range: Range<Int>
    /// What follows the length.
    var payload: Range<Int>

    /// Markers by their second byte (table B.1).
    enum Marker {
        static let startOfImage: UInt8 = 0xD8
        static let endOfImage: UInt8 = 0xD9
        static let startOfScan: UInt8 = 0xDA
        static let defineNumberOfLines: UInt8 = 0xDC
        static let temporary: UInt8 = 0x01
        static let application0: UInt8 = 0xE0
        static let application1: UInt8 = 0xE1
        static let application2: UInt8 = 0xE2
        static let application13: UInt8 = 0xED
        static let application14: UInt8 = 0xEE
        static let comment: UInt8 = 0xFE
    }

    /// SOF0 to SOF15, without DHT, JPG and DAC, which stand between them.
    var isFrame: Bool { Self.isFrame(marker) }

    static func isFrame(_ marker: UInt8) -> Bool {
        (0xC0...0xCF).contains(marker) && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
    }

    /// Whether it belongs to nobody's decoding: APPn and COM.
    var isMetadata: Bool { (0xE0...0xEF).contains(marker) || marker == Marker.comment }

    /// Markers that no length follows: TEM, RSTn, SOI, EOI.
    static func standsAlone(_ marker: UInt8) -> Bool { marker == Marker.temporary || (0xD0...0xD9).contains(marker) }
}

/// Walks over the segments from SOI to the first SOS, both ends of it included, and holds no bytes itself.
struct JPEGSegments {
    private var offset = 2

    /// The next segment, nil behind the SOS.
    ///
    /// - Throws: `truncated` where the bytes end first; `damaged` where there is no SOS to come.
    mutating func next(in bytes: RawSpan) throws(CodecError) -> JPEGSegment? {
        guard bytes.hasPrefix([0xFF, JPEGSegment.Marker.startOfImage]) else { throw .notAnImage }
        guard offset > 0 else { return nil }
        var marker: UInt8 = 0
        repeat {
            // libjpeg, too, skips what is no marker between segments.
            while offset < bytes.byteCount, bytes.byte(at: offset) != 0xFF { offset += 1 }
            while offset < bytes.byteCount, bytes.byte(at: offset) == 0xFF { offset += 1 }
            guard offset < bytes.byteCount else { throw .truncated("its JPEG header ends too early") }
            marker = bytes.byte(at: offset)
            guard marker != JPEGSegment.Marker.endOfImage, marker != JPEGSegment.Marker.startOfImage else {
                throw .damaged("a JPEG without image data")
            }
            offset += 1
        } while JPEGSegment.standsAlone(marker) || marker == 0
        offset -= 1
        let start = offset - 1
        guard let length = bytes.bigEndian16(at: offset + 1) else {
            throw .truncated("its JPEG header ends too early")
        }
        guard length >= 2 else { throw .damaged("a JPEG segment shorter than its length field") }
        let end = offset + 1 + length
        guard end <= bytes.byteCount else { throw .truncated("its JPEG header ends too early") }
        let segment = JPEGSegment(marker: marker, range: start..<end, payload: offset + 3..<end)
        offset = marker == JPEGSegment.Marker.startOfScan ? -1 : end
        return segment
    }

    /// All segments up to and with the first SOS.
    static func all(in bytes: RawSpan, limits: CodecLimits) throws(CodecError) -> [JPEGSegment] {
        var walk = JPEGSegments()
        var segments: [JPEGSegment] = []
        while let segment = try walk.next(in: bytes) {
            segments.append(segment)
            try limits.check(chunks: segments.count)
        }
        return segments
    }
}
