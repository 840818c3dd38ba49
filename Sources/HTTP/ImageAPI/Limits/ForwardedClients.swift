public import AccessControl
public import HTTPServer
public import NIOCore

/// Reads from the fields of trusted proxies who the client is.
public struct ForwardedClients: ClientNaming {
    private let proxies: TrustedProxies

    /// - Parameter proxies: the networks of TRUSTED_PROXIES.
    public init(_ proxies: TrustedProxies) {
        self.proxies = proxies
    }

    /// Whether this peer is one of the proxies.
    public func isProxy(_ peer: SocketAddress) -> Bool { IPAddress(peer).map(proxies.contains) ?? false }

    /// The right-most address that is not one of the proxies.
    public func client(behind peer: SocketAddress, forwardedFor: [[UInt8]], forwarded: [[UInt8]]) -> SocketAddress {
        guard let address = IPAddress(peer) else { return peer }
        let client = proxies.client(peer: address, forwardedFor: forwardedFor, forwarded: forwarded)
        guard client != address else { return peer }
        return (try? SocketAddress(packedIPAddress: ByteBuffer(bytes: client.bytes), port: 0)) ?? peer
    }
}

extension IPAddress {
    /// Nil for a Unix socket.
    init?(_ address: SocketAddress) {
        // The offsets of the addresses in sockaddr_in and sockaddr_in6; see ClientIdentity.init(_: SocketAddress?).
        switch address {
        case .v4(let address): self.init(bytes: withUnsafeBytes(of: address.address) { Array($0[4..<8]) })
        case .v6(let address): self.init(bytes: withUnsafeBytes(of: address.address) { Array($0[8..<24]) })
        case .unixDomainSocket: return nil
        }
    }
}
