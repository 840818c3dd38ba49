import TextCoding

/// All addresses that begin with the same bits: `10.0.0.0/8`, `fd00::/8`, or a single address.
public struct IPNetwork: Sendable, Hashable {
    private let address: IPAddress
    /// Of the 128 bits of an address; an IPv4 address has 96 before its own.
    private let bits: Int
    /// As it is written.
    public let text: String

    /// What ``init(_:)`` reads, as the end of a sentence that begins with "expected".
    public static let form =
        "IPv4 or IPv6 addresses, or networks such as 10.0.0.0/8 and fd00::/8, with commas between them; a prefix length is "
        + "1 to 32 or 1 to 128, and no bit behind it is set"

    /// Nil if the text is no address and no network, or if bits behind the prefix are set: then another network was
    /// meant.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        // An IPv4 address that is written as IPv6 has a prefix length of IPv6.
        let isWrittenAsIPv4 = !first.contains(UInt8(ascii: ":"))
        let longest = isWrittenAsIPv4 ? 32 : 128
        var length = longest
        if parts.count == 2 {
            guard (1...3).contains(parts[1].count), parts[1].allSatisfy(\.isASCIIDigit),
                let number = Int(String(decoding: parts[1], as: UTF8.self)), (1...longest).contains(number)
            else { return nil }
            length = number
        }
        self.address = address
        bits = length + (isWrittenAsIPv4 ? 96 : 0)
        self.text = text
        guard Self.masked(address, bits) == address else { return nil }
    }

    /// Whether the address lies in it.
    public func contains(_ other: IPAddress) -> Bool { Self.masked(other, bits) == address }

    private static func masked(_ address: IPAddress, _ bits: Int) -> IPAddress {
        IPAddress(high: address.high & mask(bits), low: address.low & mask(bits - 64))
    }

    private static func mask(_ bits: Int) -> UInt64 {
        // Shifts by 64 and more give 0.
        bits <= 0 ? 0 : ~UInt64(0) << UInt64(max(0, 64 - bits))
    }
}
