import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The socket of a connection, written to directly and not through its channel. The channel's bookkeeping for writes
/// that the kernel took at once was a seventh of the time of a fast response.
///
/// Use it only:
/// - on the event loop;
/// - while the channel is active: later its number may be another socket's;
/// - while the channel holds back no bytes of its own, which would have to go first;
/// - if no handler changes the bytes: not with TLS.
struct DirectSocket {
    private let handle: NIOBSDSocket.Handle

    /// Nil if the channel is not a socket.
    init?(_ channel: any Channel) {
        let handle = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable {
            (handle: NIOBSDSocket.Handle) in handle
        }
        guard let handle else { return nil }
        self.handle = handle
    }

    /// Bytes that the kernel has taken and the peer has not acknowledged; nil if this is unknown.
    var unacknowledgedBytes: Int? {
        #if os(Linux)
            var bytes: CInt = 0
            // SIOCOUTQ (tcp(7)) has the same number as the terminals' TIOCOUTQ.
            return ioctl(self.handle, UInt(TIOCOUTQ), &bytes) == 0 ? Int(bytes) : nil
        #else
            return nil
        #endif
    }

    /// Writes a head and a part of a body.
    /// - Returns: How many bytes the kernel took. If it took none or had an error, the channel will meet that too.
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
    /// Sends bytes that wait in the kernel for what follows, and are sent with it.
    private func sendBeginning(_ bytes: UnsafeRawBufferPointer, to socket: CInt) -> Int {
        send(socket, bytes.baseAddress, bytes.count, CInt(MSG_MORE) | CInt(MSG_NOSIGNAL))
    }
#endif

extension iovec {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
