import NIOCore
import NIOPosix

/// Threads that read documents: a page of 1,000 keys takes milliseconds, too long for an event loop. There are few, so
/// that clients that list leave processors to everybody else. They end with the last owner.
final class DocumentThreads: Sendable {
    /// Shorter documents are read on the thread that they come on: an error, or the answer to one step of an upload.
    static let shortDocument = 4 << 10
    /// So many bytes are collected before a thread is asked.
    static let stretch = 64 << 10

    private let pool: NIOThreadPool

    init(count: Int = max(1, System.coreCount / 2)) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    deinit {
        pool.shutdownGracefully { _ in }
    }

    /// - Throws: what `body` throws; `CancellationError` if the task is cancelled before a thread is free.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await pool.runIfActive(body)
    }
}
