import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard error, a whole line at a time. Its reader may be slow or stuck: logging never waits for it.
enum StandardError {
    /// Some thousand lines.
    private static let limit = 4 << 20

    private static let queue = Mutex<LineQueue?>(nil)

    /// Makes the queue that takes whole lines from any thread. Once per process.
    static func open(_ format: LineFormat) -> LineQueue {
        let lines = LineQueue(
            limit: limit,
            note: { dropped in
                format.bytes(
                    of: LogLine(
                        time: .now(), level: .warning, logger: "tintype", message: "log lines were dropped",
                        metadata: ["count": .stringConvertible(dropped)]))
            }, write: writeAll)
        queue.withLock { $0 = lines }
        // The last lines, about the end, may still be waiting when main returns.
        atexit { StandardError.queue.withLock { $0 }?.flush(milliseconds: 500) }
        return lines
    }

    /// - Returns: how many bytes were written.
    private static func writeAll(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = writeOnce(rest)
                guard count > 0 else { break }
                rest = rest.dropFirst(count)
            }
            return buffer.count - rest.count
        }
    }

    /// - Returns: how many bytes were written; 0 if standard error is gone, which is no reason to stop serving.
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
                // Somebody has made the pipe non-blocking; wait as if it were not.
                var poller = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                guard poll(&poller, 1, -1) >= 0 || errno == EINTR else { return 0 }
            default: return 0
            }
        }
    }
}
