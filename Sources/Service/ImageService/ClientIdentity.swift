/// On whose behalf work is done that all want at once: those who have the same one share their permits among
/// themselves, so that a client with a thousand requests keeps no other waiting for all of them.
///
/// Says nothing but "the same" or "another": whether that is an address, a network or a key is for who makes it.
public struct ClientIdentity: Sendable, Hashable {
    private enum Kind: UInt8 {
        case unknown, ipv4, ipv6
    }

    private let kind: Kind
    private let number: UInt64

    /// Nobody in particular: all of these are one.
    public static let unknown = ClientIdentity(kind: .unknown, number: 0)

    /// A client with this IPv4 address, in the machine's byte order or any other that is always the same.
    public static func ipv4(_ address: UInt32) -> ClientIdentity {
        ClientIdentity(kind: .ipv4, number: UInt64(address))
    }

    /// The clients of an IPv6 network of 64 bits: less is given to nobody, and each has 2^64 addresses to choose from.
    public static func ipv6(network: UInt64) -> ClientIdentity { ClientIdentity(kind: .ipv6, number: network) }
}
