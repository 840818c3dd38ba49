import TextCoding

/// One element of a `Forwarded` field (RFC 7239, section 4): what one proxy says about its peer.
enum ForwardedElement {
    private static let quote = UInt8(ascii: "\"")

    /// Removes the last element of the list, and the comma before it; nil if nothing is left.
    ///
    /// It looks for the comma from the right, so that nothing at the left, which a client may have written, can change
    /// where the elements of the proxies begin.
    static func takeLast(_ list: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !list.isEmpty else { return nil }
        var isQuoted = false
        var start = list.endIndex
        while start > list.startIndex {
            let byte = list[start - 1]
            if byte == quote { isQuoted.toggle() }
            if byte == UInt8(ascii: ","), !isQuoted { break }
            start -= 1
        }
        let element = list[start...]
        list = start > list.startIndex ? list[..<(start - 1)] : []
        return element.withoutBlanks
    }

    /// The address of the parameter `for`; nil if the element has none, or more than one, or is malformed in any way.
    static func address(_ element: ArraySlice<UInt8>) -> IPAddress? {
        var found: ArraySlice<UInt8>?
        var rest = element
        while true {
            let name = rest.prefix(while: isToken)
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.first == UInt8(ascii: "=") else { return nil }
            rest = rest.dropFirst()
            guard let value = takeValue(&rest) else { return nil }
            if name.count == 3, name.elementsEqual("for".utf8, by: { $0 | 0x20 == $1 }) {
                guard found == nil else { return nil }
                found = value
            }
            if rest.isEmpty { break }
            guard rest.first == UInt8(ascii: ";") else { return nil }
            rest = rest.dropFirst()
        }
        // `unknown` and obfuscated names are no addresses.
        return found.flatMap(address(node:))
    }

    /// A token or a quoted string, without its quotes. An address needs no backslash, so none is taken.
    private static func takeValue(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.first == quote else {
            let token = rest.prefix(while: isToken)
            rest = rest.dropFirst(token.count)
            return token.isEmpty ? nil : token
        }
        let inside = rest.dropFirst()
        guard let end = inside.firstIndex(of: quote) else { return nil }
        rest = inside[(end + 1)...]
        return inside[..<end].contains(UInt8(ascii: "\\")) ? nil : inside[..<end]
    }

    /// RFC 7239, section 6: an IPv4 address, or an IPv6 address in brackets; with or without a port, which may be
    /// obfuscated.
    private static func address(node: ArraySlice<UInt8>) -> IPAddress? {
        let colon = UInt8(ascii: ":")
        var host = node
        if let bracket = node.lastIndex(of: UInt8(ascii: "]")) {
            host = node[...bracket]
        } else if let first = node.firstIndex(of: colon) {
            host = node[..<first]
        }
        let port = node[host.endIndex...]
        if !port.isEmpty {
            let name = port.dropFirst()
            let isObfuscated =
                name.first == UInt8(ascii: "_") && name.count > 1
                && name.dropFirst().allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "._-".utf8.contains($0) }
            guard port.first == colon, TrustedProxies.isPort(name) || isObfuscated else { return nil }
        }
        guard host.first == UInt8(ascii: "[") else { return IPAddress(host) }
        let inside = host.dropFirst().dropLast()
        return inside.contains(colon) ? IPAddress(inside) : nil
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
