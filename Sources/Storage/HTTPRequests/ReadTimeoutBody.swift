import AsyncHTTPClient
import NIOConcurrencyHelpers
public import NIOCore
import TaskSupport

/// The bytes of an answer, with a deadline for each wait. The HTTP client's own read timeout would also run while our
/// reader is slow and nothing is asked of the server.
///
/// One task reads ahead a little, and the reader takes at once what has come. An answer comes in small pieces,
/// and a thread switch for each costs more than the bytes do. Releasing the stream ends the read.
public final class ReadTimeoutBody: Sendable {
    private let ahead: ReadAhead
    private let pump: Task<Void, Never>

    /// Begins to read.
    public init(_ body: ClientResponse.Body, deadlines: DeadlineRunner) {
        let ahead = ReadAhead(alarms: deadlines.alarms)
        self.ahead = ahead
        pump = Task(executorPreference: RequestExecutor.executor) {
            do {
                for try await chunk in body.bytes { try await ahead.put(chunk) }
                ahead.finish(.success(()))
            } catch {
                ahead.finish(.failure(error))
            }
        }
    }

    deinit {
        pump.cancel()
    }

    /// The bytes that have come and were not taken yet; nil at the end.
    ///
    /// - Throws: ``DeadlineRunner/Passed``, or what the connection throws.
    public func next(until deadline: ContinuousClock.Instant) async throws -> ByteBuffer? {
        while true {
            if let bytes = try ahead.take() { return bytes.readableBytes > 0 ? bytes : nil }
            try await ahead.wait(until: deadline)
        }
    }
}

/// The bytes that were read and not taken yet. One task puts, one takes.
private final class ReadAhead: Sendable {
    private struct State {
        var chunks = CircularBuffer<ByteBuffer>()
        var bytes = 0
        var outcome: Result<Void, any Error>?
        var taker: CheckedContinuation<Void, Never>?
        var putter: CheckedContinuation<Void, Never>?
        /// Of the wait that is on.
        var deadline: ContinuousClock.Instant?
        /// One alarm at a time, set anew only when it rings: nearly no wait is too long.
        var isArmed = false
        var alarm: Alarms.ID?
    }

    /// With so many bytes, the connection is not read further.
    private static let limit = 256 << 10

    private let alarms: Alarms
    private let state = NIOLockedValueBox(State())

    init(alarms: Alarms) {
        self.alarms = alarms
    }

    deinit {
        if let alarm = state.withLockedValue({ $0.alarm }) { alarms.remove(alarm) }
    }

    // MARK: The reading task

    /// Waits while there are enough bytes. Throws if the task was cancelled.
    func put(_ chunk: ByteBuffer) async throws(CancellationError) {
        let taker = state.withLockedValue { state in
            state.chunks.append(chunk)
            state.bytes += chunk.readableBytes
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resume()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLockedValue { state in
                    guard state.bytes >= Self.limit, !Task.isCancelled else { return false }
                    state.putter = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { state in
                defer { state.putter = nil }
                return state.putter
            }?.resume()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    func finish(_ outcome: Result<Void, any Error>) {
        let taker = state.withLockedValue { state in
            if state.outcome == nil { state.outcome = outcome }
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resume()
    }

    // MARK: The reader

    /// The bytes that are there; an empty buffer at the end; nil if more will come.
    func take() throws -> ByteBuffer? {
        let (bytes, putter) = try state.withLockedValue { state in
            guard let chunk = state.chunks.popFirst() else {
                try state.outcome?.get()
                return (state.outcome == nil ? nil : ByteBuffer(), CheckedContinuation<Void, Never>?.none)
            }
            state.bytes -= chunk.readableBytes
            guard state.bytes < Self.limit else { return (chunk, nil) }
            defer { state.putter = nil }
            return (chunk, state.putter)
        }
        putter?.resume()
        return bytes
    }

    /// Returns when there is something to take. Throws if the task is cancelled.
    func wait(until deadline: ContinuousClock.Instant) async throws(CancellationError) {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (waits, mustArm) = state.withLockedValue { state in
                    guard state.chunks.isEmpty, state.outcome == nil, !Task.isCancelled else {
                        return (false, false)
                    }
                    state.taker = continuation
                    state.deadline = deadline
                    defer { state.isArmed = true }
                    return (true, !state.isArmed)
                }
                if !waits { continuation.resume() }
                if mustArm { arm(deadline) }
            }
        } onCancel: {
            takeTaker()?.resume()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    private func takeTaker() -> CheckedContinuation<Void, Never>? {
        state.withLockedValue { state in
            defer { state.taker = nil }
            return state.taker
        }
    }

    private func arm(_ deadline: ContinuousClock.Instant) {
        let alarm = alarms.set(at: deadline) { [weak self] in self?.fire() }
        // It may have rung by now; to remove it once more does no harm.
        state.withLockedValue { $0.alarm = alarm }
    }

    private func fire() {
        let now = alarms.clock.now()
        let (next, late) = state.withLockedValue {
            state -> (ContinuousClock.Instant?, CheckedContinuation<Void, Never>?) in
            guard let taker = state.taker else {
                state.isArmed = false
                return (nil, nil)
            }
            if let deadline = state.deadline, deadline > now { return (deadline, nil) }
            state.isArmed = false
            state.taker = nil
            state.outcome = .failure(DeadlineRunner.Passed())
            return (nil, taker)
        }
        if let next { arm(next) }
        late?.resume()
    }
}
