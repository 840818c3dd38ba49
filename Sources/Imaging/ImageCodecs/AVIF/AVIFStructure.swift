import ImageModel

/// Follows the boxes of an AVIF file (ISO/IEC 14496-12, 4.2) up to the last one of the picture.
///
/// After a whole picture anything may follow. Bytes that are not a box, begin another file, or claim more bytes than
/// there are, end the check there. Only cut media data damages the picture itself.
struct AVIFStructure: Sendable {
    private enum State: Sendable {
        case header
        case data(name: FourCC, remaining: Int)
        /// A box without a length, up to the end of the file; or bytes that do not belong to the picture.
        case rest
    }

    private var state = State.header
    private var offset = 0
    private var field = SmallBytes(wanted: 8)
    private var boxes = 0
    private var isSequence = false
    private var hasMetadata = false
    private var hasMovie = false
    private var hasMediaData = false
    private var itemData = ItemDataSearch()
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
            case .rest:
                offset += count - at
                return
            case .data(let name, let remaining):
                let taken = min(remaining, count - at)
                if name == AVIFBox.metadata { itemData.consume(bytes, at..<at + taken) }
                at += taken
                offset += taken
                if taken == remaining { end(name) } else { state = .data(name: name, remaining: remaining - taken) }
            case .header:
                let taken = field.take(bytes, at..<count)
                at += taken
                offset += taken
                if field.isComplete { try takeHeader() }
            }
        }
    }

    private mutating func takeHeader() throws(CodecError) {
        let header = field.bytes
        let span = unsafe header.span.bytes
        guard let length = span.bigEndian32(at: 0), let name = span.fourCC(at: 4) else {
            throw .internalError("a box header of the wrong size")
        }
        if boxes == 0 {
            // The major brand must be read too.
            if header.count == 8 {
                guard name == AVIFBox.fileType, length >= 16, length <= 4_096 else { throw .notAnImage }
                field.wanted = 12
                return
            }
            isSequence = span.fourCC(at: 8) == AVIFBox.brandSequence
        } else if length == 1, header.count == 8 {
            field.wanted = 16
            return
        }
        var size = length
        if length == 1 {
            guard let high = span.bigEndian32(at: 8), let low = span.bigEndian32(at: 12), high < 1 << 30 else {
                guard isWhole else { throw .damaged("a box longer than any file in the AVIF") }
                state = .rest
                return
            }
            size = high << 32 | low
        }
        // After a whole picture another one may begin.
        if boxes > 0, name == AVIFBox.fileType, isWhole {
            state = .rest
            return
        }
        boxes += 1
        try limits.check(chunks: boxes)
        let isSound = name.bytes.allSatisfy { (0x20...0x7E).contains($0) } && (length == 0 || size >= header.count)
        guard isSound else {
            // After a whole picture, this is something that another program has added.
            guard isWhole else { throw .damaged("something that is not a box in the AVIF") }
            state = .rest
            return
        }
        if length == 0 {
            if name == AVIFBox.metadata || name == AVIFBox.movie {
                guard isWhole else { throw .damaged("a header without an end in the AVIF") }
                state = .rest
                return
            }
            if name == AVIFBox.mediaData { hasMediaData = true }
            state = .rest
            imageEnd = .max
        } else if size == header.count {
            end(name)
        } else {
            state = .data(name: name, remaining: size - header.count)
        }
    }

    private mutating func end(_ name: FourCC) {
        if name == AVIFBox.metadata { hasMetadata = true }
        if name == AVIFBox.movie { hasMovie = true }
        if name == AVIFBox.mediaData { hasMediaData = true }
        if headerEnd == nil, hasMetadata, hasMovie || !isSequence { headerEnd = offset }
        imageEnd = offset
        state = .header
        field.reset(wanted: 8)
    }

    /// Whether everything that a picture needs has come.
    private var isWhole: Bool { (hasMediaData || itemData.isFound) && headerEnd != nil }

    func finish() throws(CodecError) -> StructureCheck.Summary {
        guard boxes > 0 else { throw .notAnImage }
        // A cut box after the picture is text that looks like one, or not needed; but the picture's data may be in more
        // than one box.
        if case .data(let name, _) = state, !isWhole || name == AVIFBox.mediaData {
            throw .truncated("a box of the AVIF ends too early")
        }
        guard hasMetadata else { throw .truncated("there is no header in the AVIF") }
        let end = min(imageEnd, offset)
        return StructureCheck.Summary(
            frames: nil, imageEnd: end, trailingBytes: offset - end, lateOrientation: nil)
    }
}

/// Searches for an `idat` box in a `meta` box that comes in pieces: a picture may be there, without any media data.
private struct ItemDataSearch: Sendable {
    private(set) var isFound = false
    /// Version and flags first.
    private var skipped = 4
    private var field = SmallBytes(wanted: 8)

    mutating func consume(_ bytes: RawSpan, _ range: Range<Int>) {
        var rest = range
        while !rest.isEmpty, !isFound {
            let passed = min(skipped, rest.count)
            skipped -= passed
            rest = rest.lowerBound + passed..<rest.upperBound
            guard skipped == 0 else { return }
            rest = rest.lowerBound + field.take(bytes, rest)..<rest.upperBound
            guard field.isComplete else { return }
            let header = field.bytes
            isFound = unsafe header.span.bytes.fourCC(at: 4) == FourCC("idat")
            // A length of zero, or of more than 32 bits, goes to the end of everything.
            let length = unsafe header.span.bytes.bigEndian32(at: 0) ?? 0
            skipped = length >= 8 ? length - 8 : .max
            field.reset(wanted: 8)
        }
    }
}
