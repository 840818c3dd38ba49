public import NIOCore

extension SocketAddress {
    /// Whether this address never leaves the machine: 127.0.0.0/8 (RFC 1122 section 3.2.1.3), ::1 and
    /// ::ffff:127.0.0.0/104 (RFC 4291 section 2.5), or a Unix socket.
    public var isLoopback: Bool {
        // The text comes from inet_ntop, which has only one spelling for each address.
        switch self {
        case .v4: return self.ipAddress?.hasPrefix("127.") ?? false
        case .v6: return self.ipAddress == "::1" || self.ipAddress?.hasPrefix("::ffff:127.") ?? false
        case .unixDomainSocket: return true
        }
    }
}
