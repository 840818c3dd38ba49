import TextCoding

/// The pure reader of a request line (RFC 9112 section 3): method, one blank, target, one blank, version, CR LF. Any
/// other form is malformed. The parser checks the method and the target.
///
/// For valid lines the parser alone would do. But for invalid ones it reports an unsupported version, which blames the
/// client's HTTP version although its line is broken.
struct RequestLineScanner {
    private enum State {
        case method
        case target
        /// This many bytes of the version have been read.
        case version(Int)
        /// The CR has come.
        case end
    }

    private var state = State.method
    private var length = 0
    /// Where the current part begins, in bytes from the beginning of the line.
    private var partStart = 0
    private var major: UInt8 = 0
    private var minor: UInt8 = 0

    /// Bytes of the line so far.
    var bytes: Int { self.length }

    /// Goes back to before the version, if it has begun.
    /// - Returns: The number of bytes it went back.
    mutating func rewindToVersion() -> Int {
        switch self.state {
        case .method, .target:
            return 0
        case .version, .end:
            defer {
                self.length = self.partStart
                self.state = .version(0)
            }
            return self.length - self.partStart
        }
    }

    /// Reads one byte.
    /// - Returns: Whether the line ends with it.
    mutating func read(_ byte: UInt8) throws(ListenerError) -> Bool {
        self.length += 1
        switch self.state {
        case .method, .target:
            switch byte {
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"):
                throw Self.malformed
            case UInt8(ascii: " "):
                guard self.length - 1 > self.partStart else { throw Self.malformed }
                self.partStart = self.length
                if case .method = self.state { self.state = .target } else { self.state = .version(0) }
            default:
                break
            }
        case .version(let count):
            try self.readVersion(byte, count)
        case .end:
            guard byte == UInt8(ascii: "\n") else { throw Self.malformed }
            guard self.major == 1, self.minor <= 1 else { throw .unsupportedVersion }
            return true
        }
        return false
    }

    private mutating func readVersion(_ byte: UInt8, _ count: Int) throws(ListenerError) {
        let isRight: Bool
        switch count {
        case 0..<Self.name.utf8CodeUnitCount:
            isRight = Self.name.withUTF8Buffer { byte == $0[count] }
        case 5:
            isRight = byte.isASCIIDigit
            self.major = byte &- UInt8(ascii: "0")
        case 6:
            isRight = byte == UInt8(ascii: ".")
        case 7:
            isRight = byte.isASCIIDigit
            self.minor = byte &- UInt8(ascii: "0")
        default:
            isRight = byte == UInt8(ascii: "\r")
            self.state = .end
        }
        guard isRight else { throw Self.malformed }
        if count < 8 { self.state = .version(count + 1) }
    }

    private static let name: StaticString = "HTTP/"

    private static var malformed: ListenerError {
        .malformedRequest(
            reason: "The request line is not a method, a target and HTTP/1.1, with one blank between them and CR LF "
                + "behind them.")
    }
}
