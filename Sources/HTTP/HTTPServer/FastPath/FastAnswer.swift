public import HTTPTypes
public import NIOCore
import NIOHTTP1

/// A response that is ready already.
public struct FastAnswer {
    /// 200, 206 or 304.
    public var status: Int
    /// The result of ``encodeHead(_:_:)``. The connection adds its own fields and the empty line.
    public var head: ByteBuffer
    /// Fields of this answer alone, which follow the head: heads are shared between requests. The result of
    /// ``encodeFields(_:)``; nil for none.
    public var fields: ByteBuffer?
    /// The bytes to send after the head; nil for none.
    public var body: (bytes: any BytesInMemory, range: Range<Int>)?

    /// Creates a response from these parts.
    public init(status: Int, head: ByteBuffer, body: (bytes: any BytesInMemory, range: Range<Int>)? = nil) {
        self.status = status
        self.head = head
        self.body = body
    }

    /// The head of a responder's response as the normal path would send it, up to the fields that the connection adds.
    /// The response has a Date. Its body is ignored.
    public static func encodeHead(_ response: Response, _ method: HTTPRequest.Method) -> ByteBuffer {
        var head = response.head
        _ = ResponseFraming.decide(head: &head, bodyLength: nil, method: method, version: .http1_1)
        var bytes = ByteBuffer()
        let hasDate = ResponseHeadEncoder.encodeBeginning(of: head, into: &bytes)
        assert(hasDate, "answers from memory tell their age, and so their date")
        return bytes
    }
}

extension FastAnswer {
    /// Fields as they follow a head.
    public static func encodeFields(_ fields: HTTPFields) -> ByteBuffer {
        var bytes = ByteBuffer()
        ResponseHeadEncoder.encode(fields, into: &bytes)
        return bytes
    }
}

/// Bytes that stay in place as long as this is held.
public protocol BytesInMemory: Sendable {
    /// All bytes, if they are contiguous.
    var onePiece: ByteBuffer? { get }
    /// A file with the same bytes, for the kernel to send from; nil if there is none.
    var descriptor: CInt? { get }
    /// Calls `body` for each piece of a range of the bytes. Pieces are not copied. The range lies within the whole.
    func forEachPiece(of range: Range<Int>, _ body: (_ piece: ByteBuffer, _ isLast: Bool) -> Void)
}
