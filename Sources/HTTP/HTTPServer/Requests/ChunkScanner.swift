import TextCoding

/// The pure reader of chunked framing (RFC 9112 section 7.1). It finds the end of a body, and counts bytes that are
/// neither data nor needed. The parser checks the same bytes afterwards, but never sees what is rejected here.
///
/// Extensions and trailers have no meaning here, and nothing else limits them: a body without a byte of data could be
/// sent forever.
struct ChunkScanner {
    private enum State {
        /// In the size; this many digits have come.
        case size(Int)
        /// After the size, in blanks or an extension.
        case behindSize
        /// After the CR of a size line.
        case sizeEnd
        /// This many bytes of data are still to come.
        case data(Int)
        /// The CR, then the LF after the data.
        case dataEnd
        case dataLineEnd
        /// In the trailer section: whether nothing of the line has come yet, and whether its CR has.
        case trailer(isAtStart: Bool, hasReturn: Bool)
        case ended
    }

    /// The most bytes of extensions in a whole body, and of trailers. Clients that use them send some dozens for a
    /// chunk of many KiB.
    static let limit = 16_384

    private var state = State.size(0)
    private var size = 0
    private var extensionBytes = 0
    private var trailerBytes = 0

    var hasEnded: Bool { if case .ended = self.state { true } else { false } }

    /// Reads more bytes.
    /// - Returns: How many of the bytes belong to the body.
    mutating func read(_ bytes: Span<UInt8>, from start: Int) throws(ListenerError) -> Int {
        var at = start
        while at < bytes.count {
            if case .data(let left) = self.state {
                let taken = min(left, bytes.count - at)
                at += taken
                self.state = taken == left ? .dataEnd : .data(left - taken)
                continue
            }
            try self.read(bytes[at])
            at += 1
            if case .ended = self.state { break }
        }
        return at - start
    }

    private mutating func read(_ byte: UInt8) throws(ListenerError) {
        switch self.state {
        case .size(let digits):
            if let value = Hexadecimal.value(byte) {
                // A size of this many digits is too long, even if they are zeros.
                guard digits < 15 else { throw Self.malformed }
                self.size = self.size << 4 | Int(value)
                self.state = .size(digits + 1)
            } else {
                guard digits > 0 else { throw Self.malformed }
                try self.readBehindSize(byte)
            }
        case .behindSize:
            try self.readBehindSize(byte)
        case .sizeEnd:
            guard byte == UInt8(ascii: "\n") else { throw Self.malformed }
            self.state = self.size > 0 ? .data(self.size) : .trailer(isAtStart: true, hasReturn: false)
            self.size = 0
        case .dataEnd:
            guard byte == UInt8(ascii: "\r") else { throw Self.malformed }
            self.state = .dataLineEnd
        case .dataLineEnd:
            guard byte == UInt8(ascii: "\n") else { throw Self.malformed }
            self.state = .size(0)
        case .trailer(let isAtStart, let hasReturn):
            try self.readTrailer(byte, isAtStart: isAtStart, hasReturn: hasReturn)
        case .data, .ended:
            break
        }
    }

    private mutating func readBehindSize(_ byte: UInt8) throws(ListenerError) {
        switch byte {
        case UInt8(ascii: "\r"):
            self.state = .sizeEnd
        case UInt8(ascii: "\n"):
            throw Self.malformed
        default:
            self.extensionBytes += 1
            guard self.extensionBytes <= Self.limit else {
                throw .malformedRequest(
                    reason: "The chunk extensions of the body are longer than \(Self.limit) bytes.")
            }
            self.state = .behindSize
        }
    }

    private mutating func readTrailer(_ byte: UInt8, isAtStart: Bool, hasReturn: Bool) throws(ListenerError) {
        switch byte {
        case UInt8(ascii: "\n"):
            guard hasReturn else { throw Self.malformed }
            self.state = isAtStart ? .ended : .trailer(isAtStart: true, hasReturn: false)
        case UInt8(ascii: "\r"):
            guard !hasReturn else { throw Self.malformed }
            self.state = .trailer(isAtStart: isAtStart, hasReturn: true)
        default:
            guard !hasReturn else { throw Self.malformed }
            self.state = .trailer(isAtStart: false, hasReturn: false)
        }
        self.trailerBytes += 1
        guard self.trailerBytes <= Self.limit + 2 else {
            throw .malformedRequest(reason: "The trailer section of the body is longer than \(Self.limit) bytes.")
        }
    }

    private static var malformed: ListenerError {
        .malformedRequest(reason: "The body's chunked framing is malformed.")
    }
}
