#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads small files. A path of the settings may by mistake name a huge file, or a device that never ends.
enum BoundedFile {
    private static let pieceBytes = 64 << 10

    /// All bytes of a file.
    ///
    /// - Throws: ``StartError`` if the file cannot be read, or is longer than the limit. No more than a byte beyond the
    ///   limit is read.
    static func read(_ path: String, atMost limit: Int) throws(StartError) -> [UInt8] {
        // Without O_NONBLOCK, a pipe that nobody writes to would stop the server here.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw StartError("it cannot be read: \(reason(errno))") }
        defer { _ = close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: min(pieceBytes, limit + 1))
        while bytes.count <= limit {
            let wanted = min(piece.count, limit + 1 - bytes.count)
            let count = piece.withUnsafeMutableBytes { systemRead(file, $0.baseAddress, wanted) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw StartError("it cannot be read: \(reason(errno))") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
        throw StartError("more than \(limit) bytes")
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

// The method above hides this function.
private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = { read($0, $1, $2) }
