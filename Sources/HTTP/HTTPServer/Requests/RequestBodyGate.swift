import DequeModule
import NIOCore

/// The pure state of a request's body between the socket, which pushes, and its only reader, which pulls.
///
/// It holds bytes that have come before the reader asked for them. The socket is only read while the gate is empty, so
/// these are never more than one read of the socket.
struct RequestBodyGate {
    /// The result of a pull.
    enum Pull {
        /// Delivers these bytes. `emptied` means that nothing is left and the socket may be read again.
        case deliver(ByteBuffer, emptied: Bool)
        /// Nothing yet. The reader waits until the next `push`, `end` or `fail` wakes it.
        case wait
        /// The body has ended.
        case end
        /// The body was broken off.
        case fail(RequestBodyError)
        /// Another reader waits already. Two readers would each get half of a body.
        case rejected
    }

    private enum Ending {
        case open
        case ended
        case failed(RequestBodyError)
    }

    private var buffers = Deque<ByteBuffer>()
    private var ending = Ending.open

    /// Whether a reader waits for bytes. The timeout runs only then.
    private(set) var isWaiting = false

    /// Whether to read more from the socket.
    var wantsMore: Bool {
        guard case .open = self.ending else { return false }
        return self.buffers.isEmpty
    }

    /// The reader asks for the next bytes.
    mutating func pull() -> Pull {
        if self.isWaiting { return .rejected }
        if let buffer = self.buffers.popFirst() {
            return .deliver(buffer, emptied: self.wantsMore)
        }
        switch self.ending {
        case .open:
            self.isWaiting = true
            return .wait
        case .ended:
            return .end
        case .failed(let error):
            return .fail(error)
        }
    }

    /// Bytes came. Returns whether a reader waits: then that reader gets them, and they are not kept here.
    mutating func push(_ buffer: ByteBuffer) -> Bool {
        guard case .open = self.ending else { return false }
        if self.isWaiting {
            self.isWaiting = false
            return true
        }
        self.keep(buffer)
        return false
    }

    /// Joins tiny pieces: a chunk of one byte would take many times that as a separate buffer.
    private mutating func keep(_ buffer: ByteBuffer) {
        guard self.buffers.count >= Self.manyBuffers, let last = self.buffers.last,
            last.readableBytes < Self.tinyBytes, buffer.readableBytes < Self.tinyBytes
        else { return self.buffers.append(buffer) }
        self.buffers[self.buffers.count - 1].writeImmutableBuffer(buffer)
    }

    private static var tinyBytes: Int { 4096 }
    private static var manyBuffers: Int { 16 }
    /// How many buffers it holds.
    var bufferCount: Int { self.buffers.count }

    /// The body is complete. Returns whether a reader waits and must be told.
    mutating func end() -> Bool {
        guard case .open = self.ending else { return false }
        self.ending = .ended
        return self.stopWaiting()
    }

    /// The body was broken off. Kept bytes are dropped, so that their memory is free at once. A complete body stays
    /// complete. Returns whether a reader waits and must be told.
    mutating func fail(_ error: RequestBodyError) -> Bool {
        guard case .open = self.ending else { return false }
        self.ending = .failed(error)
        self.buffers.removeAll()
        return self.stopWaiting()
    }

    /// The reader stops waiting. Returns whether it was waiting.
    mutating func stopWaiting() -> Bool {
        defer { self.isWaiting = false }
        return self.isWaiting
    }
}
