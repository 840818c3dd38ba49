import Synchronization

/// Lines on their way to a place that may be slow or stuck: whoever logs never waits for it.
///
/// One thread writes, line by line. What does not fit any more is dropped and counted, and the count is written as a
/// line of its own as soon as there is room.
final class LineQueue: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var bytes = 0
        var dropped = 0
        /// Taken from `lines`, and not written yet.
        var isWriting = false
        var hasThread = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let write: @Sendable ([UInt8]) -> Void
    private let note: @Sendable (_ dropped: Int) -> [UInt8]
    private let signal = Signal()

    /// - Parameters:
    ///   - limit: bytes that may wait.
    ///   - note: the line that tells how many were dropped.
    ///   - write: takes one or more whole lines; may block.
    init(
        limit: Int, note: @escaping @Sendable (_ dropped: Int) -> [UInt8],
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.limit = limit
        self.note = note
        self.write = write
    }

    /// Never blocks.
    func append(_ line: [UInt8]) {
        let startsThread = state.withLock { state in
            guard state.bytes + line.count <= limit else {
                state.dropped += 1
                return false
            }
            state.lines.append(line)
            state.bytes += line.count
            defer { state.hasThread = true }
            return !state.hasThread
        }
        // Where no thread is to be had, the one that logs must write.
        if startsThread, !DetachedThread.start({ self.run() }) {
            state.withLock { $0.hasThread = false }
            writeNext()
        }
        signal.raise()
    }

    /// Waits until everything is written, for so long at most. For the end of the process.
    func flush(milliseconds: Int) {
        for _ in 0..<milliseconds {
            let isDone = state.withLock { $0.lines.isEmpty && $0.dropped == 0 && !$0.isWriting }
            if isDone { return }
            DetachedThread.sleepOneMillisecond()
        }
    }

    private func run() {
        while true {
            if !writeNext() { signal.wait() }
        }
    }

    /// Writes all that waits. False where nothing does.
    @discardableResult
    private func writeNext() -> Bool {
        let next = state.withLock { state -> (lines: [[UInt8]], dropped: Int)? in
            guard !state.lines.isEmpty || state.dropped > 0 else { return nil }
            defer {
                state.lines = []
                state.bytes = 0
                state.dropped = 0
            }
            state.isWriting = true
            return (state.lines, state.dropped)
        }
        guard let next else { return false }
        write(Array(next.lines.joined()) + (next.dropped > 0 ? note(next.dropped) : []))
        state.withLock { $0.isWriting = false }
        return true
    }
}
