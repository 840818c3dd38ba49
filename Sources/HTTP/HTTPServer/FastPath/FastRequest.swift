public import HTTPTypes
public import NIOCore

/// A GET or HEAD without a body, by HTTP/1.1, that wants its connection kept: as much of it as quick answers depend on.
public struct FastRequest: Sendable {
    /// HEAD, else GET.
    public var isHead: Bool
    /// In origin form, as it came.
    public var target: ByteBuffer
    /// The Accept field, as it came; nil where there is none.
    public var accept: ByteBuffer?
    /// The fields of conditions and ranges.
    public var fields = HTTPFields()

    var method: HTTPRequest.Method { self.isHead ? .head : .get }

    /// As much of it as a log can tell: method and target.
    var head: HTTPRequest {
        HTTPRequest(method: self.method, scheme: "http", authority: nil, path: String(buffer: self.target))
    }
}
