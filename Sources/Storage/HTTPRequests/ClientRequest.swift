public import NIOCore
public import NIOHTTP1

/// A request to another server.
public struct ClientRequest: Sendable {
    /// The method.
    public var method: HTTPMethod
    /// The absolute URL, percent-encoded.
    public var url: String
    /// All fields but those of the framing, which come from the body.
    public var headers: HTTPHeaders
    /// Nil: no body.
    public var body: ByteBuffer?

    /// A request; GET without a body by default.
    public init(method: HTTPMethod = .GET, url: String, headers: HTTPHeaders = [:], body: ByteBuffer? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
