import CImageCodecs

/// One marker segment in the header of a JPEG (ISO/IEC 10918-1 B.1.1): a marker, two bytes of length, a payload.
struct JPEGSegment: Sendable, Hashable {
    /// The second byte of the marker.
    var marker: UInt8
    /// The whole segment, including its 0xFF.
    var range: Range<Int>
    /// What follows the length.
    var payload: Range<Int>

    /// The largest payload: the length has 16 bits and counts itself.
    static let maximumPayload = 65_533

    /// A segment, ready to be written; nil if its payload is too long for one.
    static func encode(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8]? {
        guard payload.count <= maximumPayload else { return nil }
        let length = payload.count + 2
        return [0xFF, marker, UInt8(length >> 8), UInt8(length & 0xFF)] + payload
    }

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
        static let application11: UInt8 = 0xEB
        static let application13: UInt8 = 0xED
        static let application14: UInt8 = 0xEE
        static let comment: UInt8 = 0xFE
    }

    /// How the payloads of metadata segments begin; those of EXIF and the profile are defined there.
    enum Signature {
        /// XMP part 3, 1.1.3, and a zero.
        static let xmp = Array("http://ns.adobe.com/xap/1.0/".utf8) + [0]
        /// XMP part 3, 1.1.3.1: a part of a packet that is too long for one segment.
        static let extendedXMP = Array("http://ns.adobe.com/xmp/extension/".utf8) + [0]
        /// CIPA DC-007 5.1: the index of pictures after the end.
        static let multiPicture: [UInt8] = [0x4D, 0x50, 0x46, 0]
        /// ISO 21496-1 annex C: says which of those pictures is a gain map, and of which version.
        static let gainMap = Array("urn:iso:std:iso:ts:21496:-1".utf8) + [0]
        static let jfif: [UInt8] = [0x4A, 0x46, 0x49, 0x46, 0]
        static let jfxx: [UInt8] = [0x4A, 0x46, 0x58, 0x58, 0]
    }

    /// SOF0 to SOF15, without DHT, JPG and DAC, which are between them.
    var isFrame: Bool { Self.isFrame(marker) }

    static func isFrame(_ marker: UInt8) -> Bool {
        (0xC0...0xCF).contains(marker) && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
    }

    /// Whether decoding does not need it: APPn and COM.
    var isMetadata: Bool { (0xE0...0xEF).contains(marker) || marker == Marker.comment }

    /// Markers without a length: TEM, RSTn, SOI, EOI.
    static func standsAlone(_ marker: UInt8) -> Bool { marker == Marker.temporary || (0xD0...0xD9).contains(marker) }
}

/// Iterates over the segments from SOI to the first SOS, including both, and holds no bytes itself.
struct JPEGSegments {
    private var offset = 2

    /// The next segment; nil after the SOS.
    ///
    /// - Throws: `truncated` if the bytes end first; `damaged` if there can be no SOS.
    mutating func next(in bytes: RawSpan) throws(CodecError) -> JPEGSegment? {
        guard bytes.hasPrefix([0xFF, JPEGSegment.Marker.startOfImage]) else { throw .notAnImage }
        guard offset > 0 else { return nil }
        var marker: UInt8 = 0
        repeat {
            // libjpeg, too, skips other bytes between segments.
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

    /// All segments up to and including the first SOS.
    static func all(in bytes: RawSpan, limits: CodecLimits) throws(CodecError) -> [JPEGSegment] {
        var walk = JPEGSegments()
        var segments: [JPEGSegment] = []
        while let segment = try walk.next(in: bytes) {
            segments.append(segment)
            try limits.check(chunks: segments.count)
        }
        return segments
    }

    /// APPn and COM between the scans of a file whose structure was found valid.
    static func metadata(
        behind start: Int, before end: Int, in bytes: RawSpan, limits: CodecLimits
    ) throws(CodecError) -> [JPEGSegment] {
        var found: [JPEGSegment] = []
        var at = start
        var isEntropyData = true
        while at < end {
            if isEntropyData {
                at += unsafe bytes.extracting(at..<end).withCBytes { (pointer, count) in
                    unsafe tt_jpeg_skip_entropy_data(pointer, count)
                }
            } else {
                while at < end, bytes.byte(at: at) != 0xFF { at += 1 }
            }
            while at < end, bytes.byte(at: at) == 0xFF { at += 1 }
            guard at < end else { break }
            let marker = bytes.byte(at: at)
            at += 1
            if marker == 0 || JPEGSegment.standsAlone(marker) { continue }
            guard let length = bytes.bigEndian16(at: at), length >= 2, length <= end - at else { break }
            let segment = JPEGSegment(marker: marker, range: at - 2..<at + length, payload: at + 2..<at + length)
            if segment.isMetadata {
                found.append(segment)
                try limits.check(chunks: found.count)
            }
            at += length
            isEntropyData = marker == JPEGSegment.Marker.startOfScan
        }
        return found
    }
}
