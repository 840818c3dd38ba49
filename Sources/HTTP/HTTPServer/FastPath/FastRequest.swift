public import HTTPTypes
public import NIOCore

/// An HTTP/1.1 GET or HEAD without a body that keeps its connection open, with the parts that fast responses need.
public struct FastRequest: Sendable {
    /// HEAD, else GET.
    public var isHead: Bool
    /// In origin form, as received.
    public var target: ByteBuffer
    /// The Accept field, as received; nil if there is none.
    public var accept: ByteBuffer?
    /// The Authorization field, as received; nil if the request does not have it.
    public var authorization: ByteBuffer?
    /// The Origin field, as received; nil if there is none.
    public var origin: ByteBuffer?
    /// The fields of conditions and ranges.
    public var fields = HTTPFields()
    /// Who sent it; nil if it did not come over a connection.
    public var client: RequestClient?
    /// What proxies say about the client; nil if they say nothing, or if nobody asks.
    var forwarding: ForwardingFields?

    var method: HTTPRequest.Method { self.isHead ? .head : .get }

    /// The parts that a log needs: method and target.
    var head: HTTPRequest {
        HTTPRequest(method: self.method, scheme: "http", authority: nil, path: String(buffer: self.target))
    }
}
