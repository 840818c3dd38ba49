/// How the end of a request's body is marked.
enum BodyFraming: Equatable {
    case none
    /// Exactly this many bytes, at least one.
    case length(Int)
    case chunked
}

/// A pure reader before the parser. It finds where a request ends, so that the parser gets one request at a time. What
/// a client sends ahead waits as plain bytes, not as the parser's heads, which are many times larger.
///
/// The end of a head that it finds is only a possible one. The parser decides, and says which body follows.
struct RequestScanner {
    private enum State {
        /// Empty lines before a request, which are skipped; this many bytes.
        case blank(Int)
        case line(RequestLineScanner)
        /// In the fields: whether nothing of the current line but a CR has come.
        case fields(isLineEmpty: Bool)
        /// This many bytes of a body are still to come.
        case body(Int)
        case chunks(ChunkScanner)
    }

    /// How many bytes of empty lines may come before a request.
    static let blankLimit = 64

    private var state = State.blank(0)
    /// The length of the request line so far. It tells whether the request target or the fields are too long.
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

    /// Reads bytes that have come and were not passed on.
    /// - Returns: How many of the bytes to pass on before anything else: at most up to where the head may end, or where
    ///   the request ends. 0: more are needed.
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

    /// - Returns: How many bytes belong to the line, and whether it ends with them.
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
        // The version is passed on whole or not at all, because the parser would judge it by its beginning.
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
