/// The pure state of a connection after its last response. First the response is flushed, then the server closes its
/// side. What still comes is read and dropped until the client closes, too much has come, or too much time has passed.
///
/// If a socket is closed with unread bytes, it sends a reset. A reset destroys a response that the client has not read
/// yet (RFC 9112 section 9.6).
struct LingeringClose {
    /// What the connection has to do.
    enum Action: Equatable {
        /// Read and drop further bytes.
        case read
        /// Do nothing until the next event.
        case wait
        /// Close the server's side of the socket, start the timeout, and continue reading.
        case shutdownOutput
        /// Close the socket.
        case close
    }

    /// How many bytes may still be dropped.
    private var budget: Int
    private var isFlushed = false
    private var isInputClosed: Bool

    /// - Parameters:
    ///   - budget: How many bytes are dropped at most.
    ///   - isInputClosed: Whether the client has closed its side already.
    init(budget: Int, isInputClosed: Bool) {
        self.budget = budget
        self.isInputClosed = isInputClosed
    }

    private var isDone: Bool { self.isInputClosed || self.budget <= 0 }

    /// What to do at the start.
    func start() -> Action { self.isDone ? .wait : .read }

    /// The kernel has taken the last byte of the response.
    mutating func flushed() -> Action {
        self.isFlushed = true
        return self.isDone ? .close : .shutdownOutput
    }

    /// Bytes came and were dropped.
    mutating func dropped(_ count: Int) -> Action {
        self.budget -= count
        guard self.isDone else { return .read }
        return self.isFlushed ? .close : .wait
    }

    /// The client closed its side.
    mutating func inputClosed() -> Action {
        self.isInputClosed = true
        return self.isFlushed ? .close : .wait
    }

    /// The time is up.
    func timedOut() -> Action { .close }
}
