public import HTTPTypes
public import NIOCore
import NIOHTTP1

/// An answer that is there already.
public struct FastAnswer {
    /// 200, 206 or 304.
    public var status: Int
    /// As ``encodeHead(_:_:)`` makes it; the connection adds what it has to say itself, and the empty line.
    public var head: ByteBuffer
    /// What is sent after the head; nil: nothing.
    public var body: (bytes: any BytesInMemory, range: Range<Int>)?

    /// An answer of these parts.
    public init(status: Int, head: ByteBuffer, body: (bytes: any BytesInMemory, range: Range<Int>)? = nil) {
        self.status = status
        self.head = head
        self.body = body
    }

    /// The head of a responder's answer as the long way would send it, up to what the connection adds. The response
    /// has a Date, and its body is not looked at.
    public static func encodeHead(_ response: Response, _ method: HTTPRequest.Method) -> ByteBuffer {
        var head = response.head
        _ = ResponseFraming.decide(head: &head, bodyLength: nil, method: method, version: .http1_1)
        var bytes = ByteBuffer()
        let hasDate = ResponseHeadEncoder.encodeBeginning(of: head, into: &bytes)
        assert(hasDate, "answers from memory tell their age, and so their date")
        return bytes
    }
}

/// Bytes that stay where they are for as long as this is held.
public protocol BytesInMemory: Sendable {
    /// All bytes, if they lie in one piece.
    var onePiece: ByteBuffer? { get }
    /// A file with the same bytes, for the kernel to send from; nil: there is none.
    var descriptor: CInt? { get }
    /// A range of the bytes, which lies within the whole, in pieces that are no copies.
    func forEachPiece(of range: Range<Int>, _ body: (_ piece: ByteBuffer, _ isLast: Bool) -> Void)
}
