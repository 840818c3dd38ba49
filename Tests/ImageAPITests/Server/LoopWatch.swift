import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Finds the longest time that an event loop was busy without a pause. The loop runs a probe every millisecond, which
/// measures the processor time of the loop's thread since the last probe. Time in which the thread did not run does not
/// count, so a busy machine changes nothing.
final class LoopWatch: Sendable {
    private final class Account: Sendable {
        private let state = Mutex<(last: UInt64?, longest: UInt64)>((nil, 0))

        /// Runs on the loop.
        func look() {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
            self.state.withLock { state in
                if let last = state.last { state.longest = max(state.longest, now - last) }
                state.last = now
            }
        }

        func take() -> UInt64 {
            self.state.withLock { state in
                defer { state.longest = 0 }
                return state.longest
            }
        }
    }

    private let account = Account()
    private let loop: any EventLoop
    private let probe: RepeatedTask

    init(_ loop: any EventLoop) {
        self.loop = loop
        self.probe = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(1)) { [account] _ in
            account.look()
        }
    }

    func stop() { self.probe.cancel() }

    /// The longest busy time since the last call, in milliseconds.
    func take() async throws -> Double {
        // When this runs, earlier requests are done and measured.
        let account = self.account
        try await self.loop.submit { account.look() }.get()
        return Double(account.take()) / 1e6
    }
}
