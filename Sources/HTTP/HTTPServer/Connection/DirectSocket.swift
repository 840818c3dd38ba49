import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The socket of a connection, written to past its channel: a seventh of the time of a quick answer went into the
/// channel's accounts of writes that the kernel took at once.
///
/// To be used on the event loop, while the channel is active (its number may be another socket's afterwards) and holds
/// no bytes of its own back, which would have to go first. Between the handlers and the socket stands nothing that
/// changes bytes; with TLS this may not be used.
struct DirectSocket {
    private let handle: NIOBSDSocket.Handle

    /// Nil where the channel is no socket.
    init?(_ channel: any Channel) {
        let handle = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable {
            (handle: NIOBSDSocket.Handle) in handle
        }
        guard let handle else { return nil }
        self.handle = handle
    }

    /// Bytes that the kernel has taken and the other end has not acknowledged; nil where that cannot be told.
    var unacknowledgedBytes: Int? {
        #if os(Linux)
            var bytes: CInt = 0
            // SIOCOUTQ (tcp(7)), which is the same number as the terminals' TIOCOUTQ.
            return ioctl(self.handle, UInt(TIOCOUTQ), &bytes) == 0 ? Int(bytes) : nil
        #else
            return nil
        #endif
    }

    /// Writes a head and a part of a body.
    /// - Returns: How many bytes the kernel took. Where it took none or had an error, the channel will meet that too.
    func send(_ head: ByteBuffer, _ body: ByteBufferView) -> Int {
        head.withUnsafeReadableBytes { head in
            body.withUnsafeBytes { body in
                withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { parts in
                    parts.initializeElement(at: 0, to: iovec(head))
                    parts.initializeElement(at: 1, to: iovec(body))
                    return max(0, writev(self.handle, parts.baseAddress, body.isEmpty ? 1 : 2))
                }
            }
        }
    }

    #if os(Linux)
        /// Writes a head and a part of a file, which the kernel takes without copying it.
        /// - Returns: As ``send(_:_:)``.
        func send(_ head: ByteBuffer, _ file: CInt, _ range: Range<Int>) -> Int {
            let headBytes = head.withUnsafeReadableBytes { sendBeginning($0, to: self.handle) }
            guard headBytes == head.readableBytes else { return max(0, headBytes) }
            var offset = off_t(range.lowerBound)
            return headBytes + max(0, sendfile(self.handle, file, &offset, range.count))
        }
    #endif
}

#if os(Linux)
    /// Bytes that wait in the kernel for what follows, and leave with it.
    private func sendBeginning(_ bytes: UnsafeRawBufferPointer, to socket: CInt) -> Int {
        send(socket, bytes.baseAddress, bytes.count, CInt(MSG_MORE) | CInt(MSG_NOSIGNAL))
    }
#endif

extension iovec {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
