/// The client that a request works for. Requests with the same identity share permits among themselves, so a client
/// with a thousand requests does not keep the others waiting for all of them.
///
/// Only tells "the same" from "another". Whether an identity is an address, a network or a key is up to the caller that
/// makes it.
public struct ClientIdentity: Sendable, Hashable {
    private enum Kind: UInt8 {
        case unknown, ipv4, ipv6, key, subject
    }

    private let kind: Kind
    private let number: UInt64

    /// An unknown client. All unknown clients share this identity.
    public static let unknown = ClientIdentity(kind: .unknown, number: 0)

    /// The client with this IPv4 address. The byte order must always be the same.
    public static func ipv4(_ address: UInt32) -> ClientIdentity {
        ClientIdentity(kind: .ipv4, number: UInt64(address))
    }

    /// The clients of an IPv6 network of 64 bits: nobody is given less, and each has 2^64 addresses to choose from.
    public static func ipv6(network: UInt64) -> ClientIdentity { ClientIdentity(kind: .ipv6, number: network) }

    /// The owner of an API key of this name, from wherever it sends.
    public static func key(_ name: String) -> ClientIdentity { ClientIdentity(kind: .key, number: hash(name)) }

    /// The subject of a token, from wherever it sends.
    public static func subject(_ name: String) -> ClientIdentity { ClientIdentity(kind: .subject, number: hash(name)) }

    /// The name is not kept: a hit should not have to count references to it. The hash is keyed with a random key of
    /// the process (Swift's `Hasher`), so nobody can choose a name with the hash of somebody else, and by chance two of
    /// a million names have the same hash once in 30 million runs.
    private static func hash(_ name: String) -> UInt64 {
        var hasher = Hasher()
        // As bytes: two spellings of a name that Unicode calls equal are two clients.
        var name = name
        name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }
}
