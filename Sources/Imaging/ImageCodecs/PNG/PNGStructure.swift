import CImageCodecs
import ImageModel

/// Follows a PNG's chunks to IEND (PNG, third edition, section 5), and checks every CRC.
struct PNGStructure: Sendable {
    private enum State: Sendable {
        case signature
        case chunkHeader
        case data(name: FourCC, remaining: Int)
        case crc(name: FourCC)
        case ended
    }

    private var state = State.signature
    private var offset = 0
    /// Signature, chunk header or CRC, while it arrives.
    private var field = SmallBytes(wanted: 8)
    private var crc: UInt32 = 0
    /// The first bytes of acTL.
    private var content = SmallBytes(wanted: 0)
    private var previous: FourCC?
    private var chunks = 0
    private var hasImageData = false
    private var isImageDataOver = false
    private var hasPalette = false
    private var frames: Int?
    private var frameControls = 0
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
            case .ended:
                offset += count - at
                return
            case .data(let name, let remaining):
                let taken = min(remaining, count - at)
                content.take(bytes, at..<at + taken)
                crc = unsafe bytes.extracting(at..<at + taken).withCBytes { (pointer, count) in
                    unsafe tt_crc32(crc, pointer, count)
                }
                at += taken
                offset += taken
                state = taken == remaining ? .crc(name: name) : .data(name: name, remaining: remaining - taken)
                if taken == remaining { field.reset(wanted: 4) }
            case .signature, .chunkHeader, .crc:
                let taken = field.take(bytes, at..<count)
                at += taken
                offset += taken
                if field.isComplete { try takeField() }
            }
        }
    }

    private mutating func takeField() throws(CodecError) {
        let bytes = field.bytes
        switch state {
        case .signature:
            guard bytes == PNGChunk.signature else { throw .notAnImage }
            state = .chunkHeader
            field.reset(wanted: 8)
        case .chunkHeader:
            try begin(bytes)
        case .crc(let name):
            guard unsafe bytes.span.bytes.bigEndian32(at: 0) == Int(crc) else {
                throw .damaged("a wrong CRC in the PNG")
            }
            try end(name)
        case .data, .ended:
            throw .internalError("an unexpected field")
        }
    }

    private mutating func begin(_ header: [UInt8]) throws(CodecError) {
        let span = unsafe header.span.bytes
        guard let length = span.bigEndian32(at: 0), let name = span.fourCC(at: 4), length <= 0x7FFF_FFFF,
            header.dropFirst(4).allSatisfy({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) })
        else { throw .damaged("something that is not a chunk in the PNG") }
        chunks += 1
        try limits.check(chunks: chunks)
        try judge(name, length: length)
        crc = unsafe header.span.bytes.extracting(4..<8).withCBytes { (pointer, count) in
            unsafe tt_crc32(0, pointer, count)
        }
        content.reset(wanted: name == PNGChunk.animationControl ? min(length, 4) : 0)
        if name == PNGChunk.imageData, headerEnd == nil { headerEnd = offset }
        field.reset(wanted: 4)
        state = length == 0 ? .crc(name: name) : .data(name: name, remaining: length)
    }

    /// Checks the order of chunks (5.6, table 7), as far as a wrong order makes a file unreadable.
    private mutating func judge(_ name: FourCC, length: Int) throws(CodecError) {
        guard previous != nil || name == PNGChunk.header else { throw .damaged("a PNG that does not begin with IHDR") }
        switch name {
        case PNGChunk.header:
            guard previous == nil, length == 13 else { throw .damaged("a wrong IHDR in the PNG") }
        case PNGChunk.palette:
            guard !hasPalette, !hasImageData else { throw .damaged("a misplaced PLTE in the PNG") }
            hasPalette = true
        case PNGChunk.imageData:
            guard !isImageDataOver else { throw .damaged("IDAT chunks that are not consecutive in the PNG") }
            hasImageData = true
        case PNGChunk.frameControl:
            frameControls += 1
            guard frameControls <= limits.maximumFrames else {
                throw .tooLarge(limit: "the number of frames", value: frameControls, maximum: limits.maximumFrames)
            }
        case PNGChunk.end:
            guard hasImageData else { throw .damaged("a PNG without IDAT") }
            guard length == 0 else { throw .damaged("an IEND with content in the PNG") }
        default: break
        }
        if hasImageData, name != PNGChunk.imageData { isImageDataOver = true }
        previous = name
    }

    private mutating func end(_ name: FourCC) throws(CodecError) {
        switch name {
        case PNGChunk.animationControl:
            guard !hasImageData else { break }
            guard let count = unsafe content.bytes.span.bytes.bigEndian32(at: 0), count > 0 else {
                throw .damaged("an animation of no frames in the PNG")
            }
            guard count <= limits.maximumFrames else {
                throw .tooLarge(limit: "the number of frames", value: count, maximum: limits.maximumFrames)
            }
            frames = count
        default: break
        }
        if name == PNGChunk.end {
            imageEnd = offset
            state = .ended
        } else {
            state = .chunkHeader
            field.reset(wanted: 8)
        }
    }

    func finish() throws(CodecError) -> StructureCheck.Summary {
        guard case .ended = state else {
            if case .signature = state { throw .notAnImage }
            throw .truncated("there is no IEND chunk in the PNG")
        }
        // The number of fcTL chunks is played; the number in acTL was admitted.
        if let frames, frames != frameControls { throw .damaged("a wrong number of frames in the PNG") }
        return StructureCheck.Summary(
            frames: frames ?? 1, imageEnd: imageEnd, trailingBytes: offset - imageEnd,
            lateOrientation: nil)
    }
}
