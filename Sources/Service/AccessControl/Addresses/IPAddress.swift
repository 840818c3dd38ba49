import TextCoding

/// An IPv4 or IPv6 address. An IPv4 address that is mapped into IPv6 (RFC 4291, section 2.5.5.2) is the IPv4 address.
public struct IPAddress: Sendable, Hashable {
    /// The first and the last eight bytes of the address, an IPv4 address mapped.
    let high: UInt64
    let low: UInt64

    private static let mapped: UInt64 = 0xFFFF << 32

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(ipv4: UInt32) { self.init(high: 0, low: Self.mapped | UInt64(ipv4)) }

    /// Nil unless there are 4 or 16 bytes, in network order.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(ipv4: UInt32(Self.number(bytes)))
        case 16: self.init(high: Self.number(bytes.prefix(8)), low: Self.number(bytes.dropFirst(8)))
        default: return nil
        }
    }

    /// Whether it is an IPv4 address.
    public var isIPv4: Bool { high == 0 && low >> 32 == Self.mapped >> 32 }

    /// 4 or 16 bytes, in network order.
    public var bytes: [UInt8] {
        let all = [high, low].flatMap { part in (0..<8).map { UInt8(truncatingIfNeeded: part >> (56 - 8 * $0)) } }
        return isIPv4 ? Array(all.suffix(4)) : all
    }

    private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: Text

    /// The longest text that is an address: RFC 4291, section 2.2, with an IPv4 address at its end.
    static let maximumLength = 45

    /// Reads an address in the usual text form. Nil if the text is anything else: IPv4 has four decimal numbers without
    /// leading zeros, and IPv6 (RFC 4291, section 2.2) has no zone, no brackets and no port.
    public init?(_ text: some BidirectionalCollection<UInt8>) {
        guard text.count <= Self.maximumLength else { return nil }
        if text.contains(UInt8(ascii: ":")) { self.init(ipv6: text) } else { self.init(ipv4: text) }
    }

    private init?(ipv4 text: some Collection<UInt8>) {
        guard let number = Self.ipv4(text) else { return nil }
        self.init(ipv4: number)
    }

    private static func ipv4(_ text: some Collection<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(\.isASCIIDigit),
                part.count == 1 || part.first != UInt8(ascii: "0")
            else { return nil }
            let value = part.reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
            guard value <= 255 else { return nil }
            number = number << 8 | value
        }
        return number
    }

    private init?(ipv6 text: some BidirectionalCollection<UInt8>) {
        let parts = text.split(separator: UInt8(ascii: ":"), maxSplits: 9, omittingEmptySubsequences: false)
        guard (3...9).contains(parts.count), let last = parts.last else { return nil }
        var groups: [UInt16] = []
        /// How many groups stand before `::`.
        var gap: Int?
        for (index, part) in parts.enumerated() {
            if part.isEmpty {
                // At an end, `::` makes two empty parts.
                let isFirst = index == 0
                let isLast = index == parts.count - 1
                if isFirst {
                    guard parts[1].isEmpty else { return nil }
                } else if isLast {
                    guard parts[index - 1].isEmpty else { return nil }
                } else {
                    guard gap == nil else { return nil }
                    gap = groups.count
                }
            } else if index == parts.count - 1, last.contains(UInt8(ascii: ".")) {
                guard let number = Self.ipv4(last) else { return nil }
                groups += [UInt16(truncatingIfNeeded: number >> 16), UInt16(truncatingIfNeeded: number)]
            } else {
                // Signs are no digits, although `UInt16` takes them.
                guard part.count <= 4, part.allSatisfy({ $0.isASCIIDigit || (0x61...0x66).contains($0 | 0x20) }),
                    let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        if let gap {
            // `::` stands for one group or more.
            guard groups.count <= 7 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        func half(_ part: ArraySlice<UInt16>) -> UInt64 { part.reduce(0) { $0 << 16 | UInt64($1) } }
        self.init(high: half(groups[..<4]), low: half(groups[4...]))
    }
}
