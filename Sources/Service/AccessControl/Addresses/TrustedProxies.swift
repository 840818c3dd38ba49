/// The proxies whose word about the client is believed: TRUSTED_PROXIES.
///
/// Each proxy appends the address of its peer at the right of the field. So the client is the right-most address that
/// is not one of these proxies: only what is left of it could have been written by the client itself. Where something
/// cannot be read, the last address that could be believed counts.
public struct TrustedProxies: Sendable, Hashable {
    private let networks: [IPNetwork]

    /// Proxies in these networks.
    public init(_ networks: [IPNetwork]) {
        self.networks = networks
    }

    /// Longer chains of proxies do not exist; what comes before is not looked at.
    static let maximumProxies = 32

    /// Whether this address is one of the proxies.
    public func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// The client of a request.
    ///
    /// If there is an `X-Forwarded-For`, `Forwarded` is not looked at: proxies that write the one often pass on the
    /// other as the client has sent it.
    ///
    /// - Parameters:
    ///   - peer: of the connection. If it is none of the proxies, it is the client.
    ///   - forwardedFor: the values of `X-Forwarded-For`, in the order of their lines.
    ///   - forwarded: the values of `Forwarded` (RFC 7239), in the order of their lines.
    public func client(peer: IPAddress, forwardedFor: [[UInt8]], forwarded: [[UInt8]]) -> IPAddress {
        guard contains(peer) else { return peer }
        let isForwardedFor = !forwardedFor.isEmpty
        var (believed, proxies) = (peer, 1)
        for line in (isForwardedFor ? forwardedFor : forwarded).reversed() {
            var rest = line[...]
            while let element = isForwardedFor ? Self.lastElement(&rest) : ForwardedElement.takeLast(&rest) {
                // RFC 9110, section 5.6.1.2: a recipient ignores empty elements of a list.
                if element.isEmpty { continue }
                guard let address = isForwardedFor ? Self.address(element) : ForwardedElement.address(element) else {
                    return believed
                }
                believed = address
                proxies += 1
                guard contains(address), proxies <= Self.maximumProxies else { return believed }
            }
        }
        return believed
    }

    /// Removes the last element of a list, and the comma before it; nil if nothing is left.
    private static func lastElement(_ list: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !list.isEmpty else { return nil }
        let comma = list.lastIndex(of: UInt8(ascii: ","))
        let element = comma.map { list[($0 + 1)...] } ?? list
        list = comma.map { list[..<$0] } ?? []
        return element.withoutBlanks
    }

    /// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
    static func address(_ element: ArraySlice<UInt8>) -> IPAddress? {
        let colon = UInt8(ascii: ":")
        if element.first == UInt8(ascii: "[") {
            guard let end = element.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let inside = element[(element.startIndex + 1)..<end]
            let rest = element[(end + 1)...]
            guard inside.contains(colon), rest.isEmpty || rest.first == colon && isPort(rest.dropFirst()) else {
                return nil
            }
            return IPAddress(inside)
        }
        // One colon is that of a port; more are those of an IPv6 address.
        if let first = element.firstIndex(of: colon), element.lastIndex(of: colon) == first {
            guard isPort(element[(first + 1)...]) else { return nil }
            return IPAddress(element[..<first])
        }
        return IPAddress(element)
    }

    static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        (1...5).contains(text.count) && text.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

extension ArraySlice<UInt8> {
    /// Without spaces and tabs at both ends.
    var withoutBlanks: ArraySlice<UInt8> {
        var text = self
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }
}
