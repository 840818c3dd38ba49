import HTTPTypes
public import NIOCore

/// Who sent a request: the peer of the connection, or the client that a trusted proxy names.
///
/// A class, so that a fast request holds one reference to it.
public final class RequestClient: Sendable {
    /// Nil if it is not known.
    public let address: SocketAddress?
    /// The address without the port, for the log.
    public let text: String?

    /// A client at this address.
    public init(_ address: SocketAddress?) {
        self.address = address
        self.text = address?.ipAddress
    }
}

/// Knows which peers are proxies, and reads what they say about their clients.
public protocol ClientNaming: Sendable {
    /// Whether this peer is a proxy that is believed. Asked once per connection.
    func isProxy(_ peer: SocketAddress) -> Bool

    /// The client of a request that came from such a peer. Called on event loops; it must not block.
    ///
    /// - Parameters:
    ///   - forwardedFor: The values of `X-Forwarded-For`, in the order of their lines.
    ///   - forwarded: The values of `Forwarded`, in the order of their lines.
    /// - Returns: The peer if the fields name nobody.
    func client(behind peer: SocketAddress, forwardedFor: [[UInt8]], forwarded: [[UInt8]]) -> SocketAddress
}

/// What a request says about the way it came, line by line, as received.
struct ForwardingFields: Sendable, Hashable {
    var forwardedFor: [[UInt8]] = []
    var forwarded: [[UInt8]] = []

    init() {}

    /// Nil if the request says nothing.
    init?(_ headers: HTTPFields) {
        for field in headers {
            if field.name == Self.forwardedForName {
                self.forwardedFor.append(Array(field.value.utf8))
            } else if field.name == Self.forwardedName {
                self.forwarded.append(Array(field.value.utf8))
            }
        }
        if self.forwardedFor.isEmpty, self.forwarded.isEmpty { return nil }
    }

    var byteCount: Int { (self.forwardedFor + self.forwarded).reduce(0) { $0 + $1.count } }

    private static let forwardedForName = HTTPField.Name("X-Forwarded-For")
    private static let forwardedName = HTTPField.Name("Forwarded")
}

extension ForwardingFields? {
    mutating func noteForwardedFor(_ bytes: Span<UInt8>, _ value: Range<Int>) {
        var fields = self ?? ForwardingFields()
        fields.forwardedFor.append(bytes.array(value))
        self = fields
    }

    mutating func noteForwarded(_ bytes: Span<UInt8>, _ value: Range<Int>) {
        var fields = self ?? ForwardingFields()
        fields.forwarded.append(bytes.array(value))
        self = fields
    }
}

extension Span<UInt8> {
    fileprivate func array(_ range: Range<Int>) -> [UInt8] { range.map { self[$0] } }
}
