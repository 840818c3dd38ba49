import NIOPosix

/// Threads for calls that wait for a disk, apart from every event loop. They end with the pool's last owner.
final class BlockingPool: Sendable {
    private let pool: NIOThreadPool

    init(threads: Int) {
        self.pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    deinit {
        pool.shutdownGracefully { _ in }
    }

    /// Runs `body` on one of the threads.
    ///
    /// - Throws: what `body` throws, as ``StorageError``; `cancelled` where the task is cancelled before `body` begins.
    ///   A `body` that has begun runs to its end.
    func run<Value: Sendable>(
        _ operation: StorageError.Operation, _ body: @escaping @Sendable () throws(LocalFailure) -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await pool.runIfActive { try body() }
        } catch let failure as LocalFailure {
            throw failure.storageError(during: operation)
        } catch {
            throw StorageError(.cancelled, during: operation)
        }
    }

    /// Runs `body` on one of the threads, also where the task is cancelled.
    func runAnyway(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            pool.submit { _ in
                body()
                continuation.resume()
            }
        }
    }
}
