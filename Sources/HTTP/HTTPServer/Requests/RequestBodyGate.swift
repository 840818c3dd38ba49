import DequeModule
import NIOCore

/// The pure state of a request's body between the socket, which pushes, and its one reader, who pulls.
///
/// It holds what has come and has not been asked for. The socket is only read while the gate is empty, so that this is
/// never more than what one read of the socket brings.
struct RequestBodyGate {
    /// What a pull meets.
    enum Pull {
        /// These bytes; `emptied` says that nothing is left and the socket may be read again.
        case deliver(ByteBuffer, emptied: Bool)
        /// Nothing yet: the reader waits, and is woken by the next `push`, `end` or `fail`.
        case wait
        /// The body has ended.
        case end
        /// The body broke off.
        case fail(RequestBodyError)
        /// Somebody else waits already: two readers would each get half of a body.
        case refused
    }

    private enum Ending {
        case open
        case ended
        case failed(RequestBodyError)
    }

    private var buffers = Deque<ByteBuffer>()
    private var ending = Ending.open

    /// Whether a reader waits for bytes. The stall clock runs only then.
    private(set) var isWaiting = false

    /// Whether the socket should be read for more.
    var wantsMore: Bool {
        guard case .open = self.ending else { return false }
        return self.buffers.isEmpty
    }

    /// The reader asks for the next bytes.
    mutating func pull() -> Pull {
        if self.isWaiting { return .refused }
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

    /// Bytes came. Returns whether a reader waits: then they are for that reader and are not kept here.
    mutating func push(_ buffer: ByteBuffer) -> Bool {
        guard case .open = self.ending else { return false }
        if self.isWaiting {
            self.isWaiting = false
            return true
        }
        self.keep(buffer)
        return false
    }

    /// Tiny pieces are put together: a chunk of one byte would take many times that as a buffer of its own.
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

    /// The body is whole. Returns whether a reader waits and is to be told.
    mutating func end() -> Bool {
        guard case .open = self.ending else { return false }
        self.ending = .ended
        return self.stopWaiting()
    }

    /// The body broke off; what was kept is dropped, so that its memory is free at once. A whole body stays whole.
    /// Returns whether a reader waits and is to be told.
    mutating func fail(_ error: RequestBodyError) -> Bool {
        guard case .open = self.ending else { return false }
        self.ending = .failed(error)
        self.buffers.removeAll()
        return self.stopWaiting()
    }

    /// The reader stops waiting. Returns whether it did wait.
    mutating func stopWaiting() -> Bool {
        defer { self.isWaiting = false }
        return self.isWaiting
    }
}
