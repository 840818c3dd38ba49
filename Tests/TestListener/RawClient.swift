import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// The methods of the client below hide these functions.
private let systemSocket = socket
private let systemSend = send
private let systemClose: @Sendable (Int32) -> Int32 = { close($0) }

/// A client on a bare socket, which can do what no HTTP client does: stall, leave in the middle, close one side, reset.
/// Blocking calls run on threads of their own.
public final class RawClient: Sendable {
    /// A call of the system that failed.
    public struct SystemCallError: Error {
        let call: String
        let code: Int32
    }

    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 24)
        pool.start()
        return pool
    }()

    private let socket: Int32

    /// - Parameters:
    ///   - port: A port on 127.0.0.1.
    ///   - receiveBuffer: The size of the kernel's receive buffer; a small one makes a slow reader slow.
    public init(port: Int, receiveBuffer: Int32? = nil) async throws {
        self.socket = try await Self.threads.runIfActive {
            #if canImport(Glibc)
                let kind = Int32(SOCK_STREAM.rawValue)
            #else
                let kind = SOCK_STREAM
            #endif
            let socket = systemSocket(AF_INET, kind, 0)
            guard socket >= 0 else { throw SystemCallError(call: "socket", code: errno) }
            if var size = receiveBuffer {
                setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            }
            var timeout = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            let result = address.withSockAddr { connect(socket, $0, socklen_t($1)) }
            guard result == 0 else {
                let code = errno
                _ = systemClose(socket)
                throw SystemCallError(call: "connect", code: code)
            }
            return socket
        }
    }

    deinit { _ = systemClose(self.socket) }

    /// Sends all of it.
    public func send(_ text: String) async throws { try await self.send(Array(text.utf8)) }

    /// Sends all of it.
    public func send(_ bytes: [UInt8]) async throws {
        let socket = self.socket
        try await Self.threads.runIfActive {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    systemSend(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw SystemCallError(call: "send", code: errno) }
                sent += count
            }
        }
    }

    /// Reads once: what is there, or nothing at the end.
    public func receiveSome(atMost limit: Int = 65_536) async throws -> [UInt8] {
        let socket = self.socket
        return try await Self.threads.runIfActive {
            var buffer = [UInt8](repeating: 0, count: limit)
            let count = recv(socket, &buffer, limit, 0)
            guard count >= 0 else { throw SystemCallError(call: "recv", code: errno) }
            return Array(buffer[..<count])
        }
    }

    /// Reads to the end.
    /// - Throws: `SystemCallError` where the connection is reset.
    public func receiveAll() async throws -> String {
        var bytes: [UInt8] = []
        while true {
            let some = try await self.receiveSome()
            if some.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += some
        }
    }

    /// Reads to the end.
    /// - Returns: How many bytes stood behind the head, which has to come in the first read.
    public func receiveBodyCount() async throws -> Int {
        let first = try await self.receiveSome()
        let end = first.indices.dropFirst(3).first { first[($0 - 3)...$0].elementsEqual([13, 10, 13, 10]) }
        var count = first.count - (end.map { $0 + 1 } ?? 0)
        while true {
            let some = try await self.receiveSome()
            if some.isEmpty { return count }
            count += some.count
        }
    }

    /// Reads until the text has come, or the end.
    public func receive(until text: String) async throws -> String {
        var received = ""
        while !received.contains(text) {
            let some = try await self.receiveSome()
            if some.isEmpty { break }
            received += String(decoding: some, as: UTF8.self)
        }
        return received
    }

    /// Whether the server has closed its side, without waiting long.
    public func isAtEnd() async throws -> Bool {
        try await self.receiveSome().isEmpty
    }

    /// Closes our side; the other one still works.
    public func closeOutput() {
        shutdown(self.socket, Int32(SHUT_WR))
    }

    /// Ends the connection with a reset when this object goes.
    public func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
