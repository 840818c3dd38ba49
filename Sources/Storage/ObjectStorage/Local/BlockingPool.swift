import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TaskSupport

/// Threads for calls that block on a disk, separate from every event loop. They end with the pool's last owner.
///
/// A call in the kernel cannot be interrupted. At the timeout, or when its task is cancelled, the caller gets an error.
/// What the call returns later is released, with every file that it holds.
final class BlockingPool: Sendable {
    private let pool: NIOThreadPool
    private let watch: CallWatch
    private let rejectionCode: StorageError.Code

    /// Whether its threads have a lower priority than the process's others.
    private let givesWay: Bool

    /// - Parameter rejectionCode: the error code for a call that times out before a thread was free.
    init(
        threads: Int, timeout: Duration, givesWay: Bool = false, rejectionCode: StorageError.Code = .timedOut,
        clock: MonotonicClock = .continuous
    ) {
        self.givesWay = givesWay
        self.rejectionCode = rejectionCode
        self.pool = NIOThreadPool(numberOfThreads: threads)
        self.watch = CallWatch(timeout: timeout, clock: clock)
        pool.start()
    }

    /// Lower priority than the codec threads (nice 10 and 13): most listings serve programs, a rendition serves a
    /// person who waits. Listings that count or remove derived objects run in the background.
    private static let niceness: Int32 = 15

    deinit {
        pool.shutdownGracefully { _ in }
    }

    /// Runs `body` on one of the threads.
    ///
    /// - Throws: what `body` throws, as ``StorageError``; `cancelled` soon after the task is cancelled; `timedOut` if
    ///   there is no result in time. A `body` that has begun runs to its end all the same; one that has not never
    ///   begins.
    func run<Value: Sendable>(
        _ operation: StorageError.Operation, _ body: @escaping @Sendable () throws(LocalStorageError) -> Value
    ) async throws(StorageError) -> Value {
        let call = BlockingCall<Value>(operation)
        return try await withTaskCancellationHandler {
            await result(of: call, body)
        } onCancel: {
            call.leave(.cancelled)
        }.get()
    }

    /// Runs `body` on one of the threads, even if the task is cancelled. Returns at the timeout at the latest.
    func runAnyway(_ body: @escaping @Sendable () -> Void) async {
        _ = await result(of: BlockingCall<Void>(.abortUpload)) { () throws(LocalStorageError) in body() }
    }

    private func result<Value: Sendable>(
        of call: BlockingCall<Value>, _ body: @escaping @Sendable () throws(LocalStorageError) -> Value
    ) async -> Result<Value, StorageError> {
        let id = watch.begin { [rejectionCode] in call.leave(.timedOut, rejectionCode: rejectionCode) }
        defer { watch.end(id) }
        return await withCheckedContinuation { continuation in
            guard call.wait(continuation) else { return }
            pool.submit { [givesWay] state in
                guard state == .active else { return call.leave(.cancelled) }
                if givesWay { ThreadPriority.giveWay(Self.niceness) }
                call.perform(body)
            }
        }
    }
}
