import NIOConcurrencyHelpers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// TCP ports on 127.0.0.1 on which nobody listens. All are below 32,768. Above that the kernel takes ports for outgoing
/// connections, and could take one between the check and the start of the server.
public enum FreePorts {
    private static let next = NIOLockedValueBox(Int.random(in: 10_000..<31_000))

    /// `count` different ports. This process does not give a port again before it has gone through the whole range.
    public static func take(_ count: Int) -> [Int] {
        var ports: [Int] = []
        while ports.count < count {
            let candidate = next.withLockedValue { next in
                next = next >= 31_999 ? 10_000 : next + 1
                return next
            }
            if isFree(candidate) { ports.append(candidate) }
        }
        return ports
    }

    /// One port.
    public static func take() -> Int {
        take(1).first ?? 0
    }

    private static func isFree(_ port: Int) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0
    }
}
