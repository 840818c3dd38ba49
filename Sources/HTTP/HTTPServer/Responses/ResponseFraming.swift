import HTTPTypes
import NIOHTTP1

/// How the end of a response's body is marked (RFC 9112 section 6).
enum ResponseFraming: Equatable {
    /// There is no body: the response to HEAD, 204 and 304.
    case none
    /// Exactly this many bytes.
    case length(Int)
    /// Chunks, the last one empty.
    case chunked
    /// The close of the connection: HTTP/1.0 and an unknown length. If the response breaks off, the server resets.
    case untilClose

    /// Decides the framing and sets it in the head.
    /// - Parameters:
    ///   - head: The response's head. Its framing fields are set or removed.
    ///   - bodyLength: The body's length, if known.
    ///   - method: The request's method.
    ///   - version: The request's version.
    /// - Returns: Nil if the response contradicts itself: its Content-Length is not a number, or not the body's length.
    static func decide(
        head: inout HTTPResponse,
        bodyLength: Int?,
        method: HTTPRequest.Method,
        version: HTTPVersion
    ) -> ResponseFraming? {
        head.headerFields[.transferEncoding] = nil
        let code = head.status.code
        if code == 204 {
            head.headerFields[.contentLength] = nil
            return ResponseFraming.none
        }
        if code == 304 {
            return ResponseFraming.none
        }
        if method == .head {
            if head.headerFields[.contentLength] == nil, let bodyLength {
                head.headerFields[.contentLength] = String(bodyLength)
            }
            return ResponseFraming.none
        }

        if let text = head.headerFields[.contentLength] {
            guard let length = Int(text), length >= 0, bodyLength == nil || bodyLength == length else { return nil }
            return .length(length)
        }
        if let bodyLength {
            head.headerFields[.contentLength] = String(bodyLength)
            return .length(bodyLength)
        }
        guard version.isHTTP11 else { return .untilClose }
        head.headerFields[.transferEncoding] = "chunked"
        return .chunked
    }
}

/// Checks that a handler writes as many bytes as its response has promised.
struct ResponseMeter {
    private var remaining: Int?

    init(framing: ResponseFraming) {
        switch framing {
        case .none: self.remaining = 0
        case .length(let length): self.remaining = length
        case .chunked, .untilClose: self.remaining = nil
        }
    }

    /// Whether everything promised has been written; always false if nothing was promised.
    var isComplete: Bool { self.remaining == 0 }

    /// Counts written bytes.
    mutating func accept(_ count: Int) throws(ResponseWriteError) {
        guard let remaining else { return }
        guard count <= remaining else { throw .tooManyBytes }
        self.remaining = remaining - count
    }

    /// The handler has written everything.
    func finish() throws(ResponseWriteError) {
        if let remaining, remaining > 0 { throw .tooFewBytes }
    }
}
