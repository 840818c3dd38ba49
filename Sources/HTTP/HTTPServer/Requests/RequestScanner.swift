/// How the end of a request's body is marked.
enum BodyFraming: Equatable {
    case none
    /// Exactly this many bytes, at least one.
    case length(Int)
    case chunked
}

/// The pure reader of where a request ends, in front of the parser, so that this is handed one request at a time: what
/// a client sends ahead waits as the bytes that it is, and not as the many times larger heads that the parser makes of
/// it.
///
/// What it takes for the end of a head is only a place where one may be; the parser decides, and says which body
/// follows.
struct RequestScanner {
    private enum State {
        /// Empty lines before a request, which are passed over: so many bytes.
        case blank(Int)
        case line(RequestLineScanner)
        /// In the fields: whether nothing of a line but a CR has come.
        case fields(isLineEmpty: Bool)
        /// So many bytes of a body are to come.
        case body(Int)
        case chunks(ChunkScanner)
    }

    /// Bytes of empty lines that may stand before a request.
    static let blankLimit = 64

    private var state = State.blank(0)
    /// How long the request line is, as far as it has come: tells a request target that is too long from fields that
    /// are.
    private(set) var requestLineBytes = 0

    /// Whether nothing of a request has come.
    var isAtStart: Bool { if case .blank(0) = self.state { true } else { false } }

    /// Whether all bytes of the body have been seen.
    var isAtEnd: Bool {
        switch self.state {
        case .blank, .line, .fields: false
        case .body(let left): left == 0
        case .chunks(let chunks): chunks.hasEnded
        }
    }

    /// The parser has found the end of the head.
    mutating func beginBody(_ framing: BodyFraming) {
        switch framing {
        case .none: self.state = .body(0)
        case .length(let length): self.state = .body(length)
        case .chunked: self.state = .chunks(ChunkScanner())
        }
    }

    /// Reads what has come and was not handed on.
    /// - Returns: How many of the bytes are to be handed on before anything else is: at most up to where the head may
    ///   end, or the request does. 0: more is needed.
    mutating func scan(_ bytes: Span<UInt8>) throws(ListenerError) -> Int {
        var at = 0
        while at < bytes.count {
            switch self.state {
            case .blank(let count):
                guard bytes[at] == UInt8(ascii: "\r") || bytes[at] == UInt8(ascii: "\n") else {
                    self.state = .line(RequestLineScanner())
                    continue
                }
                guard count < Self.blankLimit else {
                    throw .malformedRequest(
                        reason: "More than \(Self.blankLimit) bytes of empty lines stand before the request.")
                }
                self.state = .blank(count + 1)
                at += 1
            case .line(let line):
                let (count, isWhole) = try self.readLine(line, bytes, from: at)
                at += count
                guard isWhole else { return at }
            case .fields:
                let (end, mayEndHead) = self.readFields(bytes, from: at)
                at = end
                if mayEndHead { return at }
            case .body(let left):
                let taken = min(left, bytes.count - at)
                self.state = .body(left - taken)
                return at + taken
            case .chunks(var chunks):
                defer { self.state = .chunks(chunks) }
                return at + (try chunks.read(bytes, from: at))
            }
        }
        return at
    }

    /// - Returns: How many bytes are the line's, and whether it ends with them.
    private mutating func readLine(
        _ line: RequestLineScanner, _ bytes: Span<UInt8>, from start: Int
    ) throws(ListenerError) -> (count: Int, isWhole: Bool) {
        var line = line
        for at in start..<bytes.count {
            let isEnd = try line.read(bytes[at])
            self.requestLineBytes = line.bytes
            guard isEnd else { continue }
            self.state = .fields(isLineEmpty: true)
            return (at + 1 - start, true)
        }
        // The version is handed on whole or not at all: the parser would judge it by its beginning.
        let kept = line.rewindToVersion()
        self.state = .line(line)
        return (bytes.count - start - kept, false)
    }

    /// - Returns: Up to where the fields have been read, and whether the head may end there.
    private mutating func readFields(_ bytes: Span<UInt8>, from start: Int) -> (end: Int, mayEndHead: Bool) {
        guard case .fields(var isLineEmpty) = self.state else { return (start, false) }
        for at in start..<bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\n"):
                if isLineEmpty {
                    self.state = .fields(isLineEmpty: true)
                    return (at + 1, true)
                }
                isLineEmpty = true
            case UInt8(ascii: "\r"):
                break
            default:
                isLineEmpty = false
            }
        }
        self.state = .fields(isLineEmpty: isLineEmpty)
        return (bytes.count, false)
    }
}
