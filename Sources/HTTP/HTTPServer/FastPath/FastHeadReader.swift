import HTTPTypes
import NIOCore

/// Reads plain requests before the parser does, and leaves everything else to it.
///
/// It takes only heads that every HTTP/1.1 reader understands in the same way (RFC 9112):
/// - the whole head in one buffer, every line ended by CR LF, no folded line;
/// - no byte beyond printable ASCII;
/// - a target in origin form, made of URL characters;
/// - one plain Host;
/// - no field that says where a message ends, what follows it, or how the connection changes.
///
/// So it finds the end of a head where the parser and every proxy find it.
struct FastHeadReader: Sendable {
    /// The longest head that it takes, in bytes. No limit of the listener may be lower.
    private let maxBytes: Int
    private let maxFields: Int

    /// Heads of browsers have some hundred bytes. Longer ones can take the normal path.
    private static let usualMaxBytes = 8_192

    init(_ configuration: ListenerConfiguration) {
        self.maxBytes = min(
            Self.usualMaxBytes, configuration.maxTargetBytes, configuration.maxFieldBytes, configuration.maxHeadBytes)
        self.maxFields = configuration.maxFields
    }

    /// The request at the start of the buffer, and the length of its head. Nil if the parser has to read it.
    ///
    /// - Parameter isFromProxy: Whether the fields about the client are wanted.
    func read(_ buffer: ByteBuffer, isFromProxy: Bool = false) -> (request: FastRequest, length: Int)? {
        let bytes = buffer.readableBytesUInt8Span
        var cursor = Cursor(end: min(bytes.count, self.maxBytes))
        let isHead = bytes.begins(with: "HEAD ", at: 0, end: cursor.end)
        guard isHead || bytes.begins(with: "GET ", at: 0, end: cursor.end) else { return nil }
        cursor.at = isHead ? 5 : 4
        let targetStart = cursor.at
        guard cursor.at < cursor.end, bytes[cursor.at] == UInt8(ascii: "/") else { return nil }
        cursor.skip(.target, in: bytes)
        let target = targetStart..<cursor.at
        guard bytes.begins(with: Self.lineEnd, at: cursor.at, end: cursor.end) else { return nil }
        cursor.at += Self.lineEnd.utf8CodeUnitCount

        var request = FastRequest(isHead: isHead, target: buffer.slice(target))
        var fields = 0
        var hasHost = false
        while cursor.at + 1 < cursor.end {
            if bytes[cursor.at] == UInt8(ascii: "\r") {
                guard bytes[cursor.at + 1] == UInt8(ascii: "\n"), hasHost else { return nil }
                return (request, cursor.at + 2)
            }
            fields += 1
            guard fields <= self.maxFields, let (name, value) = cursor.field(in: bytes) else { return nil }
            switch FastField(bytes, name) {
            case .ignored: break
            case .longWay: return nil
            case .host:
                guard !hasHost, !value.isEmpty, CharacterClass.host.holdsAll(of: bytes, in: value) else { return nil }
                hasHost = true
            case .connection:
                guard bytes.isCaseless("keep-alive", in: value) else { return nil }
            case .accept:
                guard request.accept == nil else { return nil }
                request.accept = buffer.slice(value)
            case .authorization:
                guard request.authorization == nil else { return nil }
                request.authorization = buffer.slice(value)
            case .forwarded:
                if isFromProxy { request.forwarding.noteForwarded(bytes, value) }
            case .forwardedFor:
                if isFromProxy { request.forwarding.noteForwardedFor(bytes, value) }
            case .origin:
                guard request.origin == nil else { return nil }
                request.origin = buffer.slice(value)
            case .condition(let name):
                request.fields.append(HTTPField(name: name, value: String(buffer: buffer.slice(value))))
            }
        }
        return nil
    }

    private static let lineEnd: StaticString = " HTTP/1.1\r\n"

    /// A position in the bytes of a head.
    private struct Cursor {
        var at = 0
        let end: Int

        mutating func skip(_ characters: CharacterClass, in bytes: Span<UInt8>) {
            while self.at < self.end, characters.contains(bytes[self.at]) { self.at += 1 }
        }

        /// One field line, without the blanks around its value; nil if it is not of the simplest form.
        mutating func field(in bytes: Span<UInt8>) -> (name: Range<Int>, value: Range<Int>)? {
            let nameStart = self.at
            self.skip(.token, in: bytes)
            let name = nameStart..<self.at
            guard !name.isEmpty, self.at < self.end, bytes[self.at] == UInt8(ascii: ":") else { return nil }
            self.at += 1
            self.skip(.blank, in: bytes)
            let valueStart = self.at
            self.skip(.value, in: bytes)
            guard self.at + 1 < self.end, bytes[self.at] == UInt8(ascii: "\r"),
                bytes[self.at + 1] == UInt8(ascii: "\n")
            else { return nil }
            var valueEnd = self.at
            while valueEnd > valueStart, CharacterClass.blank.contains(bytes[valueEnd - 1]) { valueEnd -= 1 }
            self.at += 2
            return (name, valueStart..<valueEnd)
        }
    }
}

extension ByteBuffer {
    /// A part of the readable bytes, without a copy.
    fileprivate func slice(_ range: Range<Int>) -> ByteBuffer {
        self.getSlice(at: self.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}
