import NIOConcurrencyHelpers
import NIOCore

/// A request's body as its handler reads it: a thin wrapper around `RequestBodyGate`.
///
/// The event loop pushes, and one task at a time reads. The task can be cancelled.
final class RequestBodyStream: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    /// What the reader tells the connection.
    enum Signal {
        /// A reader waits for bytes that have not come.
        case wanted
        /// A reader took the last bytes that had come.
        case emptied
    }

    /// Thrown to a second reader while one waits: a bug in the handler.
    struct ConcurrentReaders: Error {}

    private struct State {
        var gate = RequestBodyGate()
        var reader: CheckedContinuation<ByteBuffer?, any Error>?
    }

    private let state = NIOLockedValueBox(State())
    private let signal: @Sendable (Signal) -> Void

    /// - Parameter signal: Called on the reader's thread.
    init(signal: @escaping @Sendable (Signal) -> Void) {
        self.signal = signal
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let stream: RequestBodyStream

        func next() async throws -> ByteBuffer? {
            try await self.stream.next()
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(stream: self)
    }

    // MARK: The reader's side

    private func next() async throws -> ByteBuffer? {
        // Bytes that are here already are taken without the cost of a continuation.
        let ready = self.state.withLockedValue { state in
            state.gate.isWaiting || !state.gate.wantsMore ? state.gate.pull() : .wait
        }
        if let outcome = self.settle(ready) { return try outcome.get() }

        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let pull = self.state.withLockedValue { state in
                    let pull = state.gate.pull()
                    if case .wait = pull { state.reader = continuation }
                    return pull
                }
                if let outcome = self.settle(pull) {
                    continuation.resume(with: outcome)
                } else {
                    self.signal(.wanted)
                    // A cancellation that came before the reader was stored has found nothing to wake.
                    if Task.isCancelled { self.cancelReader() }
                }
            }
        } onCancel: {
            self.cancelReader()
        }
    }

    /// What a pull means for its reader; nil if it has to wait.
    private func settle(_ pull: RequestBodyGate.Pull) -> Result<ByteBuffer?, any Error>? {
        switch pull {
        case .deliver(let buffer, let emptied):
            if emptied { self.signal(.emptied) }
            return .success(buffer)
        case .wait: return nil
        case .end: return .success(nil)
        case .fail(let error): return .failure(error)
        case .rejected: return .failure(ConcurrentReaders())
        }
    }

    private func cancelReader() {
        let reader = self.takeReader { $0.stopWaiting() }
        reader?.resume(throwing: CancellationError())
    }

    // MARK: The event loop's side

    /// Whether to read more from the socket.
    var wantsMore: Bool { self.state.withLockedValue { $0.gate.wantsMore } }

    /// Whether a reader waits for bytes now.
    var isWaiting: Bool { self.state.withLockedValue { $0.gate.isWaiting } }

    /// Bytes came.
    func push(_ buffer: ByteBuffer) {
        self.takeReader { $0.push(buffer) }?.resume(returning: buffer)
    }

    /// The body is complete.
    func end() {
        self.takeReader { $0.end() }?.resume(returning: nil)
    }

    /// The body was broken off.
    func fail(_ error: RequestBodyError) {
        self.takeReader { $0.fail(error) }?.resume(throwing: error)
    }

    /// Applies an event to the gate. If it wakes the reader, returns the reader, which must be resumed outside the
    /// lock.
    private func takeReader(
        _ event: (inout RequestBodyGate) -> Bool
    ) -> CheckedContinuation<ByteBuffer?, any Error>? {
        self.state.withLockedValue { state in
            guard event(&state.gate) else { return nil }
            defer { state.reader = nil }
            return state.reader
        }
    }
}
