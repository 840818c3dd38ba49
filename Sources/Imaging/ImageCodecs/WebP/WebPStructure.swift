import ImageModel

/// Follows a WebP's chunks to the end that its RIFF header states (RFC 9649 section 2).
struct WebPStructure: Sendable {
    private enum State: Sendable {
        case riffHeader
        case chunkHeader
        /// The first bytes of a chunk that is read.
        case content(FourCC, rest: Int)
        case data(remaining: Int)
        case ended
    }

    private var state = State.riffHeader
    private var offset = 0
    private var field = SmallBytes(wanted: 12)
    /// Offset after the RIFF, and after the present animation frame.
    private var end = 0
    private var frameEnd: Int?
    private var isExtended = false
    private var flags: UInt8 = 0
    private var canvas = (width: 0, height: 0)
    private var frameSize = (width: 0, height: 0)
    private var chunks = 0
    private var hasAnimationHeader = false
    private var images = 0
    private var imagesInFrame = 0
    private var frames = 0
    /// A valid EXIF chunk has come: no later one counts.
    private var hasExif = false
    private var lateOrientation: Orientation?
    /// The alpha chunk before the next picture.
    private var alpha: WebPAlphaChunk?
    private var transparency = WebPTransparency()
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
            case .data(let remaining):
                let taken = min(remaining, count - at)
                at += taken
                offset += taken
                if taken == remaining { try next() } else { state = .data(remaining: remaining - taken) }
            case .riffHeader, .chunkHeader, .content:
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
        case .riffHeader:
            let span = unsafe bytes.span.bytes
            guard span.hasPrefix(WebPChunk.riff), span.fourCC(at: 8) == WebPChunk.webp,
                let size = span.littleEndian32(at: 4)
            else { throw .notAnImage }
            guard size >= 12 else { throw .damaged("a WebP whose RIFF is too short for a picture") }
            end = 8 + size
            try next()
        case .chunkHeader:
            try begin(bytes)
        case .content(let name, let rest):
            try look(name, bytes)
            if name == WebPChunk.frame {
                try next()
            } else if rest > 0 {
                state = .data(remaining: rest)
            } else {
                try next()
            }
        case .data, .ended:
            throw .internalError("an unexpected field")
        }
    }

    /// After a chunk: the next one, in the frame or in the file, or the end.
    private mutating func next() throws(CodecError) {
        if let frameEnd, offset >= frameEnd {
            guard imagesInFrame == 1 else { throw .damaged("a frame without a picture in the WebP") }
            self.frameEnd = nil
        }
        // With an odd RIFF size, or a rest too short for a chunk, the rest is padding: libwebp ignores it too.
        let limit = frameEnd ?? end
        if limit - offset >= 8 {
            state = .chunkHeader
            field.reset(wanted: 8)
        } else if limit > offset {
            state = .data(remaining: limit - offset)
        } else if frameEnd == nil {
            guard images > 0 else { throw .damaged("a WebP without a picture") }
            state = .ended
        } else {
            throw .damaged("a chunk that exceeds its frame in the WebP")
        }
    }

    private mutating func begin(_ header: [UInt8]) throws(CodecError) {
        let span = unsafe header.span.bytes
        guard let name = span.fourCC(at: 0), let length = span.littleEndian32(at: 4) else {
            throw .internalError("a chunk header of the wrong size")
        }
        chunks += 1
        try limits.check(chunks: chunks)
        let limit = frameEnd ?? end
        guard offset + length <= limit else { throw .damaged("a chunk longer than the WebP around it") }
        // Some writers omit the last chunk's padding.
        let whole = min(length + length % 2, limit - offset)
        let wanted = try judge(name, length: length)
        guard wanted > 0 else {
            if whole == 0 { try next() } else { state = .data(remaining: whole) }
            return
        }
        field.reset(wanted: wanted)
        state = .content(name, rest: whole - wanted)
        if name == WebPChunk.frame { frameEnd = offset + whole }
    }

    /// Checks a chunk's position, and returns how many of its bytes are needed.
    private mutating func judge(_ name: FourCC, length: Int) throws(CodecError) -> Int {
        switch name {
        case WebPChunk.extended:
            guard chunks == 1, length >= 10 else { throw .damaged("a misplaced VP8X chunk in the WebP") }
            return 10
        case WebPChunk.lossy, WebPChunk.lossless:
            guard chunks == 1 || isExtended else { throw .damaged("a WebP that does not begin with its picture") }
            // Whatever follows the picture of a simple file, and any second picture of a still file, is ignored.
            guard frameEnd != nil || !isAnimated else { throw .damaged("a picture outside the frames of the WebP") }
            let wanted = name == WebPChunk.lossy ? 10 : 5
            guard length >= wanted else { throw .damaged("a picture without a header in the WebP") }
            return wanted
        case WebPChunk.animation:
            guard length >= 6 else { throw .damaged("a short ANIM chunk in the WebP") }
            hasAnimationHeader = true
            return 0
        case WebPChunk.frame:
            guard isExtended, isAnimated, hasAnimationHeader, frameEnd == nil else {
                throw .damaged("a misplaced frame in the WebP")
            }
            guard length >= 24 else { throw .damaged("a short frame in the WebP") }
            frames += 1
            guard frames <= limits.maximumFrames else {
                throw .tooLarge(limit: "the number of frames", value: frames, maximum: limits.maximumFrames)
            }
            imagesInFrame = 0
            alpha = nil
            return WebPTransparency.frameHeaderBytes
        case WebPChunk.alpha:
            guard chunks > 1 else { throw .damaged("a WebP that does not begin with its picture") }
            alpha = WebPAlphaChunk(length: length)
            return min(length, 1)
        case WebPChunk.exif:
            return hasExif || frameEnd != nil
                ? 0 : min(length, ExifLocation.orientationBytes + ExifHeader.signature.count)
        default:
            guard chunks > 1 else { throw .damaged("a WebP that does not begin with its picture") }
            return 0
        }
    }

    private var isAnimated: Bool { flags & WebPChunk.Flag.animation != 0 }

    /// Reads the first bytes of a chunk.
    private mutating func look(_ name: FourCC, _ bytes: [UInt8]) throws(CodecError) {
        switch name {
        case WebPChunk.extended:
            isExtended = true
            flags = bytes[0]
            canvas = (Self.number24(bytes, at: 4) + 1, Self.number24(bytes, at: 7) + 1)
            guard canvas.width * canvas.height <= Int(UInt32.max) else {
                throw .damaged("a canvas larger than WebP allows")
            }
        case WebPChunk.frame:
            let whole = PixelSize(width: canvas.width, height: canvas.height)
            let place = WebPTransparency.Place(frameHeader: bytes)
            frameSize = (place.size.width, place.size.height)
            guard WebPTransparency.Place(of: whole).covers(place) else {
                throw .damaged("a frame outside the canvas of the WebP")
            }
            transparency.beginFrame(bytes, on: whole)
        case WebPChunk.alpha:
            alpha?.header = bytes[0]
        case WebPChunk.lossy, WebPChunk.lossless:
            try lookIntoPicture(name, bytes)
        case WebPChunk.exif:
            let span = unsafe bytes.span.bytes
            let block = ExifHeader.tiff(chunk: span, 0..<bytes.count)
            let head = block.prefix(ExifLocation.orientationBytes)
            guard let walk = ExifReader.read(span.extracting(head)) else { break }
            hasExif = true
            // EXIF before the picture was read with the header.
            if images > 0 { lateOrientation = walk.orientationValue }
        default: break
        }
    }

    private mutating func lookIntoPicture(_ name: FourCC, _ bytes: [UInt8]) throws(CodecError) {
        images += 1
        imagesInFrame += 1
        // libwebp uses only the first picture of a still file.
        guard frameEnd != nil || images == 1 else { return }
        var size: (width: Int, height: Int)
        if name == WebPChunk.lossy {
            // RFC 6386 section 9.1: three bytes of tag, the start code, then 14 bits each of width and height.
            guard bytes[0] & 1 == 0, bytes[3...5].elementsEqual([0x9D, 0x01, 0x2A]) else {
                throw .damaged("a picture without a key frame in the WebP")
            }
            size = (
                (Int(bytes[6]) | Int(bytes[7]) << 8) & 0x3FFF, (Int(bytes[8]) | Int(bytes[9]) << 8) & 0x3FFF
            )
        } else {
            // RFC 9649 section 3.4: 0x2F, then 14 bits each of width and height, less one.
            guard bytes[0] == 0x2F else { throw .damaged("a wrong VP8L signature in the WebP") }
            let bits = Int(bytes[1]) | Int(bytes[2]) << 8 | Int(bytes[3]) << 16 | Int(bytes[4]) << 24
            size = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        }
        if name == WebPChunk.lossy {
            try alpha?.check(pixels: size.width * size.height)
            transparency.takeLossy(behindAlpha: alpha != nil)
        } else {
            transparency.takeLossless(bytes)
        }
        if frameEnd != nil {
            guard size == frameSize else { throw .damaged("a frame whose picture has another size in the WebP") }
        } else if isExtended {
            guard size == canvas else { throw .damaged("a picture that does not fill the canvas of the WebP") }
        }
        if headerEnd == nil { headerEnd = offset }
    }

    private static func number24(_ bytes: [UInt8], at index: Int) -> Int {
        Int(bytes[index]) | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2]) << 16
    }

    func finish() throws(CodecError) -> StructureCheck.Summary {
        guard case .ended = state else {
            if case .riffHeader = state { throw .notAnImage }
            throw .truncated("the WebP is shorter than its RIFF header says")
        }
        return StructureCheck.Summary(
            frames: isAnimated ? frames : 1, imageEnd: end, trailingBytes: offset - end,
            lateOrientation: lateOrientation, hasAlpha: transparency.hasAlpha)
    }
}
