import ImageService
import NIOCore

extension ClientIdentity {
    /// The peer of a connection: the whole address for IPv4, the 64-bit network for IPv6. All clients with an unknown
    /// address, or on a Unix socket, count as one.
    init(_ address: SocketAddress?) {
        // The offset of the address in sockaddr_in and sockaddr_in6, on Linux and on Darwin (ip(7), ipv6(7)). NIO's
        // types for them do not expose their fields.
        switch address {
        case .v4(let address):
            self = withUnsafeBytes(of: address.address) { .ipv4($0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) }
        case .v6(let address):
            self = withUnsafeBytes(of: address.address) { bytes in
                // An IPv4 client on a socket for both versions: RFC 4291, section 2.5.5.2.
                let isMapped = bytes[8..<18].allSatisfy { $0 == 0 } && bytes[18] == 0xFF && bytes[19] == 0xFF
                if isMapped { return .ipv4(bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self)) }
                return .ipv6(network: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
        case .unixDomainSocket, nil: self = .unknown
        }
    }
}
