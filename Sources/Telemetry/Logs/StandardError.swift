import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard error, a whole line at a time.
enum StandardError {
    /// One writer at a time: a line that takes two calls must not be cut by another one's.
    private static let lock = Mutex(())

    static func write(_ bytes: [UInt8]) {
        lock.withLock { _ in
            bytes.withUnsafeBytes { buffer in
                var rest = buffer[...]
                while !rest.isEmpty {
                    let count = writeOnce(rest)
                    guard count > 0 else { return }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }

    /// - Returns: how many bytes were taken; 0 where standard error is gone, which is no reason to stop serving.
    private static func writeOnce(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let buffer = UnsafeRawBufferPointer(rebasing: bytes)
        while true {
            #if canImport(Glibc)
                let count = Glibc.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
            #elseif canImport(Musl)
                let count = Musl.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
            #else
                let count = Darwin.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
            #endif
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                // Somebody has made the pipe non-blocking; it is waited for as if it were not.
                var poller = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                guard poll(&poller, 1, -1) >= 0 || errno == EINTR else { return 0 }
            default: return 0
            }
        }
    }
}
