import CImageCodecs

/// Follows a JPEG's markers, SOI to EOI (ISO/IEC 10918-1 annex B), with any number of scans, restart markers, DNL and
/// fill bytes.
struct JPEGStructure: Sendable {
    private enum State: Sendable {
        case startOfImage(seen: Int)
        /// Between segments; bytes other than 0xFF are skipped, as in libjpeg.
        case betweenSegments
        /// After one or several 0xFF.
        case marker
        case length(marker: UInt8, high: UInt8?)
        case payload(marker: UInt8, remaining: Int)
        case entropyData
        /// After a 0xFF in entropy-coded data.
        case entropyMarker
        case ended
    }

    private var state = State.startOfImage(seen: 0)
    private var offset = 0
    private var scans = 0
    private var segments = 0
    private var hasFrame = false
    private var isHierarchical = false
    private var imageEnd = 0
    private let limits: CodecLimits
    private(set) var headerEnd: Int?

    init(limits: CodecLimits) {
        self.limits = limits
    }

    mutating func consume(_ bytes: RawSpan) throws(CodecError) {
        var at = 0
        let count = bytes.byteCount
        while at < count {
            switch state {
            case .payload(let marker, let remaining):
                let taken = min(remaining, count - at)
                at += taken
                offset += taken
                if taken == remaining {
                    endSegment(marker)
                } else {
                    state = .payload(marker: marker, remaining: remaining - taken)
                }
            case .entropyData:
                let taken = unsafe bytes.extracting(at..<count).withCBytes { (pointer, count) in
                    unsafe tt_jpeg_skip_entropy_data(pointer, count)
                }
                at += taken
                offset += taken
                if at < count {
                    at += 1
                    offset += 1
                    state = .entropyMarker
                }
            case .ended:
                offset += count - at
                return
            case .startOfImage, .betweenSegments, .marker, .length, .entropyMarker:
                let byte = bytes.byte(at: at)
                at += 1
                offset += 1
                try take(byte)
            }
        }
    }

    private mutating func take(_ byte: UInt8) throws(CodecError) {
        switch state {
        case .startOfImage(let seen):
            guard byte == (seen == 0 ? 0xFF : JPEGSegment.Marker.startOfImage) else { throw .notAnImage }
            state = seen == 0 ? .startOfImage(seen: 1) : .betweenSegments
        case .betweenSegments:
            if byte == 0xFF { state = .marker }
        case .marker:
            try begin(byte)
        case .length(let marker, nil):
            state = .length(marker: marker, high: byte)
        case .length(let marker, let high?):
            let length = Int(high) << 8 | Int(byte)
            guard length >= 2 else { throw .damaged("a JPEG segment shorter than its length field") }
            if length == 2 { endSegment(marker) } else { state = .payload(marker: marker, remaining: length - 2) }
        case .entropyMarker:
            switch byte {
            case 0x00, 0xD0...0xD7: state = .entropyData
            case 0xFF: break
            default: try begin(byte)
            }
        case .payload, .entropyData, .ended:
            throw .internalError("an unexpected byte")
        }
    }

    /// Checks a marker by its second byte.
    private mutating func begin(_ marker: UInt8) throws(CodecError) {
        segments += 1
        try limits.check(chunks: segments)
        switch marker {
        case 0xFF:
            state = .marker
        case 0x00, JPEGSegment.Marker.temporary, 0xD0...0xD7:
            // Stray, and harmless: libjpeg skips them.
            state = .betweenSegments
        case JPEGSegment.Marker.startOfImage:
            throw .damaged("a second SOI marker inside a JPEG")
        case JPEGSegment.Marker.endOfImage:
            guard scans > 0 else { throw .damaged("a JPEG without image data") }
            imageEnd = offset
            state = .ended
        case 0x02...0xBF:
            throw .damaged("a reserved marker in a JPEG")
        case JPEGSegment.Marker.startOfScan:
            guard hasFrame else { throw .damaged("a JPEG whose scan comes before its frame header") }
            scans += 1
            guard scans <= limits.maximumScans else {
                throw .tooLarge(limit: "the number of scans", value: scans, maximum: limits.maximumScans)
            }
            state = .length(marker: marker, high: nil)
        default:
            // 0xDE (DHP) announces a hierarchy of frames; all other codings have only one.
            if marker == 0xDE { isHierarchical = true }
            if JPEGSegment.isFrame(marker) {
                guard !hasFrame || isHierarchical else { throw .damaged("a JPEG with two frame headers") }
                hasFrame = true
            }
            state = .length(marker: marker, high: nil)
        }
    }

    private mutating func endSegment(_ marker: UInt8) {
        guard marker == JPEGSegment.Marker.startOfScan else {
            state = .betweenSegments
            return
        }
        if headerEnd == nil { headerEnd = offset }
        state = .entropyData
    }

    func finish() throws(CodecError) -> StructureCheck.Summary {
        guard case .ended = state else {
            if case .startOfImage = state { throw .notAnImage }
            throw .truncated(scans == 0 ? "its JPEG header ends too early" : "there is no end marker in the JPEG")
        }
        return StructureCheck.Summary(
            frames: 1, imageEnd: imageEnd, trailingBytes: offset - imageEnd, lateOrientation: nil)
    }
}
