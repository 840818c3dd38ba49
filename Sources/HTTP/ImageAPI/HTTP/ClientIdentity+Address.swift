import ImageService
import NIOCore

extension ClientIdentity {
    /// The other end of a connection: an IPv4 address whole, of an IPv6 address its network of 64 bits. All whose
    /// address is not known, or who come through a Unix socket, are one.
    init(_ address: SocketAddress?) {
        // Where the address stands in sockaddr_in and sockaddr_in6, on Linux as on Darwin (ip(7), ipv6(7)): NIO's types
        // for them do not show their fields.
        switch address {
        case .v4(let address):
            self = withUnsafeBytes(of: address.address) { .ipv4($0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) }
        case .v6(let address):
            self = withUnsafeBytes(of: address.address) { bytes in
                // An IPv4 client at a socket that takes both: RFC 4291, section 2.5.5.2.
                let isMapped = bytes[8..<18].allSatisfy { $0 == 0 } && bytes[18] == 0xFF && bytes[19] == 0xFF
                if isMapped { return .ipv4(bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self)) }
                return .ipv6(network: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
        case .unixDomainSocket, nil: self = .unknown
        }
    }
}
