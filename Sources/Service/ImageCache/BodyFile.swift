import CLinux
import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A copy of a body as a file in memory, which the kernel sends without another copy. It is counted like the body, and
/// closed when the body is released.
public final class BodyFile: Sendable {
    /// Only for reads at given offsets, while this object is held.
    public let descriptor: CInt
    private let receipt: ByteReceipt

    /// So many files at once in the process: each takes a descriptor, and connections need most of those.
    private static let maximumCount: Int = {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return 64 }
        return Int(min(64, limit.rlim_cur / 16))
    }()
    private static let count = Atomic(0)

    /// Nil if there are too many files, or if the system has no such files or no more of them.
    init?(_ chunks: [ByteBuffer], receipt: ByteReceipt) {
        let count = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        let descriptor = count <= Self.maximumCount ? cl_open_memory("tintype-body") : -1
        guard descriptor >= 0 else {
            Self.count.wrappingSubtract(1, ordering: .relaxed)
            return nil
        }
        self.descriptor = descriptor
        self.receipt = receipt
        for chunk in chunks {
            let written = chunk.withUnsafeReadableBytes { write(descriptor, $0.baseAddress, $0.count) }
            // From here on, deinit closes the file.
            guard written == chunk.readableBytes else { return nil }
        }
    }

    deinit {
        close(descriptor)
        Self.count.wrappingSubtract(1, ordering: .relaxed)
    }
}

extension CachedBody {
    /// The file with the same bytes; nil if none was made.
    public var file: BodyFile? { chunks.file.load() }
}

extension ImageCache {
    /// Makes a file of a body that is sent often. It takes as many bytes as the body itself, for which other bodies are
    /// dropped. Without free bytes, nothing happens.
    public func makeFile(of body: CachedBody) {
        guard body.file == nil, let receipt = receipt(for: body.size, of: body.receipt.kind),
            let file = BodyFile(body.chunks.all, receipt: receipt)
        else { return }
        _ = body.chunks.file.storeIfNil(file)
    }
}
