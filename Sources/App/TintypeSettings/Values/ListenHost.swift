#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An address to listen on: an IPv4 or IPv6 literal, or a host name.
public struct ListenHost: Sendable, Hashable {
    /// As a socket library expects it: an IPv6 literal without brackets.
    public let text: String
    private let address: [UInt8]

    /// 127.0.0.1.
    public static let loopback = ListenHost(text: "127.0.0.1", address: [127, 0, 0, 1])

    private init(text: String, address: [UInt8]) {
        self.text = text
        self.address = address
    }

    /// - Returns: nil if the text is neither an address nor a host name according to RFC 1123, section 2.1 (underscores
    ///   are accepted, because container networks use them).
    public init?(_ text: String) {
        var literal = text
        if text.hasPrefix("[") && text.hasSuffix("]") {
            literal = String(text.dropFirst().dropLast())
            guard literal.utf8.contains(UInt8(ascii: ":")) else { return nil }
        }
        if let address = Self.numericAddress(literal) {
            self.init(text: literal, address: address)
        } else if Self.isName(text) {
            self.init(text: text, address: [])
        } else {
            return nil
        }
    }

    /// Whether only this machine can reach it. The only name that counts is `localhost`: the address of any other name
    /// may change later.
    public var isLoopback: Bool {
        switch address.count {
        case 4: address[0] == 127
        case 16: address.dropLast().allSatisfy { $0 == 0 } && address[15] == 1
        default: text.lowercased() == "localhost"
        }
    }

    /// Whether it stands for every address of the machine (0.0.0.0 or ::).
    public var isWildcard: Bool {
        !address.isEmpty && address.allSatisfy { $0 == 0 }
    }

    /// The host at which this machine itself can reach the listener.
    public var reachable: String {
        guard isWildcard else { return text }
        return address.count == 4 ? "127.0.0.1" : "::1"
    }

    /// The host as in a URL or a Host header.
    public static func authority(of host: String) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
    }

    private static func numericAddress(_ text: String) -> [UInt8]? {
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: size)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }

    private static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // A text of only digits and dots was meant as an address.
        guard let last = labels.last, last.contains(where: { !isDigit($0) }) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy {
                    isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

extension ListenHost: CustomStringConvertible {
    /// As ``text``.
    public var description: String { text }
}
