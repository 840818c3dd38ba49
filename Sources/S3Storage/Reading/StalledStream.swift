import AsyncHTTPClient
import NIOConcurrencyHelpers
import NIOCore

/// The chunks of an answer, each waited for no longer than its deadline. The HTTP client's own read timeout would also
/// run while our reader is the slow one and nothing is asked of the store.
final class StalledStream: Sendable {
    /// Proof for `@unchecked Sendable`: `next` is called by one task at a time and returns only after the task it has
    /// made has ended, so no two tasks ever touch the iterator at once.
    private final class Source: @unchecked Sendable {
        private var iterator: HTTPClientResponse.Body.AsyncIterator

        init(_ body: HTTPClientResponse.Body) {
            iterator = body.makeAsyncIterator()
        }

        func next() async throws -> ByteBuffer? {
            try await iterator.next()
        }
    }

    private let source: Source
    private let watch: StallWatch

    init(_ body: HTTPClientResponse.Body, deadlines: DeadlineRunner) {
        source = Source(body)
        watch = StallWatch(deadlines.eventLoopGroup.any())
    }

    /// - Throws: ``DeadlineRunner/Passed``, or what the connection throws.
    func next(until deadline: NIODeadline) async throws -> ByteBuffer? {
        let read = Task { [source] in try await source.next() }
        watch.begin(read, until: deadline)
        do {
            let chunk = try await withTaskCancellationHandler {
                try await read.value
            } onCancel: {
                read.cancel()
            }
            watch.end()
            return chunk
        } catch {
            if watch.end() { throw DeadlineRunner.Passed() }
            throw error
        }
    }
}

/// Cancels a read that is over its deadline. One timer at a time, set anew only when it fires, since a stream has many
/// chunks and nearly none of them is late.
private final class StallWatch: Sendable {
    private struct State {
        var read: Task<ByteBuffer?, any Error>?
        var deadline = NIODeadline.distantFuture
        var isArmed = false
        var hasCut = false
    }

    private let eventLoop: any EventLoop
    private let state = NIOLockedValueBox(State())

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func begin(_ read: Task<ByteBuffer?, any Error>, until deadline: NIODeadline) {
        let mustArm = state.withLockedValue { state in
            state.read = read
            state.deadline = deadline
            defer { state.isArmed = true }
            return !state.isArmed
        }
        if mustArm { arm(deadline) }
    }

    /// Whether the read was cut for its deadline.
    @discardableResult
    func end() -> Bool {
        state.withLockedValue { state in
            state.read = nil
            return state.hasCut
        }
    }

    private func arm(_ deadline: NIODeadline) {
        eventLoop.scheduleTask(deadline: deadline) { [weak self] in self?.fire() }
    }

    private func fire() {
        let next: NIODeadline? = state.withLockedValue { state in
            guard let read = state.read else {
                state.isArmed = false
                return nil
            }
            if state.deadline > .now() { return state.deadline }
            state.isArmed = false
            state.hasCut = true
            read.cancel()
            return nil
        }
        if let next { arm(next) }
    }
}
