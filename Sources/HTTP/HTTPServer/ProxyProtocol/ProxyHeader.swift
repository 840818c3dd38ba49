/// The header of the PROXY protocol, version 2, with which a proxy begins a connection
/// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, section 2.2).
struct ProxyHeader: Sendable, Equatable {
    /// The client, as 4 or 16 bytes and a port; nil: the proxy speaks for itself (LOCAL), or for a client without an IP
    /// address (UNSPEC, UNIX). The peer of the connection is the client then.
    var source: Source?
    /// Whether the proxy speaks for itself, as in a health check.
    var isLocal = false
    /// Bytes of the whole header. What follows is the first request.
    var length: Int

    struct Source: Sendable, Equatable {
        var address: [UInt8]
        var port: Int
    }

    /// The result of looking at the bytes that have come.
    enum Result: Equatable {
        case whole(ProxyHeader)
        /// All bytes so far may be the beginning of one.
        case incomplete
        case malformed(reason: String)
    }

    /// What stands before the addresses.
    static let fixedLength = 16
    /// The most bytes of addresses and extensions (TLV). Proxies send some hundred.
    static let maximumRest = 4_096

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// Reads the header at the start of a connection. Extensions are passed over.
    static func read(_ bytes: some RandomAccessCollection<UInt8>) -> Result {
        func byte(_ offset: Int) -> UInt8 { bytes[bytes.index(bytes.startIndex, offsetBy: offset)] }
        guard bytes.prefix(self.signature.count).elementsEqual(self.signature.prefix(bytes.count)) else {
            return .malformed(reason: "no signature")
        }
        // Each byte is judged as soon as it has come, so that nobody waits for the rest of what is wrong.
        guard bytes.count > 12 else { return .incomplete }
        guard byte(12) >> 4 == 2 else { return .malformed(reason: "version \(byte(12) >> 4)") }
        let command = byte(12) & 0xF
        guard command <= 1 else { return .malformed(reason: "command \(command)") }
        guard bytes.count > 13 else { return .incomplete }
        let (family, transport) = (byte(13) >> 4, byte(13) & 0xF)
        // With LOCAL, receivers ignore them.
        guard command == 0 || family <= 3 && transport <= 2 else {
            return .malformed(reason: "family \(family), transport \(transport)")
        }
        guard bytes.count >= self.fixedLength else { return .incomplete }
        let rest = Int(byte(14)) << 8 | Int(byte(15))
        guard rest <= self.maximumRest else { return .malformed(reason: "\(rest) bytes") }
        // Each address and each port twice: of the client, and of the proxy.
        let size: Int? = command == 0 ? nil : family == 1 ? 4 : family == 2 ? 16 : nil
        if let size, rest < 2 * size + 4 { return .malformed(reason: "\(rest) bytes of addresses") }
        guard bytes.count >= self.fixedLength + rest else { return .incomplete }
        let source = size.map { size in
            let port = self.fixedLength + 2 * size
            return Source(
                address: Array(bytes.dropFirst(self.fixedLength).prefix(size)),
                port: Int(byte(port)) << 8 | Int(byte(port + 1)))
        }
        return .whole(ProxyHeader(source: source, isLocal: command == 0, length: self.fixedLength + rest))
    }
}
