import NIOCore
import TestListener
import Testing

@testable import HTTPServer

@Suite struct RequestBodyGateTests {
    private func bytes(_ pull: RequestBodyGate.Pull) -> String? {
        if case .deliver(let buffer, _) = pull { return String(buffer: buffer) }
        return nil
    }

    @Test func bytesAreDeliveredInOrder() {
        var gate = RequestBodyGate()
        #expect(gate.wantsMore)
        #expect(gate.push(ByteBuffer(string: "a")) == false)
        #expect(gate.push(ByteBuffer(string: "b")) == false)
        #expect(!gate.wantsMore)
        guard case .deliver(let first, let emptied) = gate.pull() else { return #expect(Bool(false)) }
        #expect(String(buffer: first) == "a")
        #expect(!emptied)
        guard case .deliver(let second, let emptied) = gate.pull() else { return #expect(Bool(false)) }
        #expect(String(buffer: second) == "b")
        #expect(emptied)
    }

    @Test func aWaitingReaderGetsTheNextBytesAtOnce() {
        var gate = RequestBodyGate()
        guard case .wait = gate.pull() else { return #expect(Bool(false)) }
        #expect(gate.isWaiting)
        #expect(gate.push(ByteBuffer(string: "a")) == true)
        #expect(!gate.isWaiting)
        #expect(gate.wantsMore)
    }

    @Test func bytesBeforeTheEndAreDelivered() {
        var gate = RequestBodyGate()
        _ = gate.push(ByteBuffer(string: "a"))
        #expect(gate.end() == false)
        #expect(!gate.wantsMore)
        guard case .deliver(_, emptied: false) = gate.pull() else { return #expect(Bool(false)) }
        guard case .end = gate.pull() else { return #expect(Bool(false)) }
        guard case .end = gate.pull() else { return #expect(Bool(false)) }
    }

    @Test func anErrorDropsBufferedBytes() {
        var gate = RequestBodyGate()
        _ = gate.push(ByteBuffer(string: "a"))
        #expect(gate.fail(.clientLeft) == false)
        guard case .fail(.clientLeft) = gate.pull() else { return #expect(Bool(false)) }
        #expect(gate.push(ByteBuffer(string: "b")) == false)
        guard case .fail(.clientLeft) = gate.pull() else { return #expect(Bool(false)) }
    }

    @Test func aCompleteBodyCannotFail() {
        var gate = RequestBodyGate()
        _ = gate.push(ByteBuffer(string: "a"))
        _ = gate.end()
        #expect(gate.fail(.clientLeft) == false)
        #expect(self.bytes(gate.pull()) == "a")
    }

    @Test func endAndErrorWakeAReader() {
        var ended = RequestBodyGate()
        _ = ended.pull()
        #expect(ended.end() == true)
        var failed = RequestBodyGate()
        _ = failed.pull()
        #expect(failed.fail(.timedOut) == true)
        #expect(!failed.isWaiting)
    }

    @Test func aSecondReaderIsRejected() {
        var gate = RequestBodyGate()
        _ = gate.pull()
        guard case .rejected = gate.pull() else { return #expect(Bool(false)) }
        #expect(gate.stopWaiting() == true)
        #expect(gate.stopWaiting() == false)
    }
}

@Suite struct RequestBodyStreamTests {
    @Test func bytesFlowAndSignalsAreSent() async throws {
        let signals = Notes<RequestBodyStream.Signal>()
        let stream = RequestBodyStream { signals.add($0) }
        stream.push(ByteBuffer(string: "a"))
        let reader = Task { () -> [String] in
            var parts: [String] = []
            for try await buffer in stream { parts.append(String(buffer: buffer)) }
            return parts
        }
        #expect(try await signals.wait(for: 2) == [.emptied, .wanted])
        #expect(stream.isWaiting)
        stream.push(ByteBuffer(string: "b"))
        stream.push(ByteBuffer(string: "c"))
        stream.end()
        #expect(try await reader.value == ["a", "b", "c"])
    }

    @Test func aCancelledReaderStopsAndAnotherMayGoOn() async throws {
        let signals = Notes<RequestBodyStream.Signal>()
        let stream = RequestBodyStream { signals.add($0) }
        let first = Task { try await stream.makeAsyncIterator().next() }
        _ = try await signals.wait()
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(!stream.isWaiting)
        stream.push(ByteBuffer(string: "a"))
        #expect(try await stream.makeAsyncIterator().next() == ByteBuffer(string: "a"))
    }

    @Test func aReaderCancelledBeforehandDoesNotHang() async throws {
        let stream = RequestBodyStream { _ in }
        let gate = AsyncStream.makeStream(of: Void.self)
        let reader = Task {
            for await _ in gate.stream {}
            return try await stream.makeAsyncIterator().next()
        }
        reader.cancel()
        gate.continuation.finish()
        await #expect(throws: CancellationError.self) { try await reader.value }
    }

    @Test func aSecondReaderGetsAnError() async throws {
        let signals = Notes<RequestBodyStream.Signal>()
        let stream = RequestBodyStream { signals.add($0) }
        let first = Task { try await stream.makeAsyncIterator().next() }
        _ = try await signals.wait()
        await #expect(throws: RequestBodyStream.ConcurrentReaders.self) { try await stream.makeAsyncIterator().next() }
        stream.fail(.malformed)
        await #expect(throws: RequestBodyError.malformed) { try await first.value }
    }
}
