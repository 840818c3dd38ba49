import NIOCore

/// The handler nearest to the socket, before the parser. It sees what the other handlers cannot: bytes that are not yet
/// a whole head, the client's close of its side, and the number of bytes sent.
///
/// It hands the parser one request at a time, and keeps the requests that a client sends ahead. Before the parser gets
/// a request, the connection asks the fast path about it. Bytes after the last response are dropped.
final class ConnectionMonitorHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The client has closed its side. What it sent before has been passed on or waits here. This replaces
    /// `ChannelEvent.inputClosed`, at which the parser would give up what it has not got yet.
    struct InputClosed: Sendable {}

    /// Bytes read from the socket in total.
    private(set) var bytesIn = 0
    /// Bytes handed to the channel in total, even if the kernel has not taken them.
    private(set) var bytesOut = 0
    /// Whether the client has closed its side.
    private(set) var isInputClosed = false
    /// Whether incoming bytes are dropped.
    var isDropping = false {
        didSet { if self.isDropping { self.forget() } }
    }
    /// Whether a part of a request has come, and the rest has not.
    var isAmidRequest: Bool { !self.isHoldingBack && (self.held.readableBytes > 0 || !self.scanner.isAtStart) }
    /// Whether bytes that may be a request wait here until the connection can take it.
    private(set) var isHoldingBack = false
    /// Whether the last part from the parser was the end of a message.
    var parserEndedMessage = false
    /// Nil before the connection is set up and after its end.
    unowned var connection: HTTPConnectionHandler?

    /// Bytes that were read and not passed on: at most one read of the socket. If a client closes its side, however,
    /// the channel reads everything that has come.
    private var held = ByteBuffer()
    private var scanner = RequestScanner()
    private var isPassing = false
    /// Whether it is in the queue of ``SentAhead``.
    private var isQueued = false
    /// Its own place in the pipeline. What it sends on from here goes to the parser.
    private var context: ChannelHandlerContext?

    /// If a client has sent more than this ahead before it closed its side, the server answers the requests it already
    /// has, and no more.
    static let heldLimit = 128 << 10

    /// The length of the request's first line, as far as it has come.
    var requestLineBytes: Int { self.scanner.requestLineBytes }

    /// The parser has found a head that is followed by such a body.
    func beginBody(_ framing: BodyFraming) { self.scanner.beginBody(framing) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        self.bytesIn += buffer.readableBytes
        if self.isDropping { return }
        if self.held.readableBytes == 0 {
            let mayBeFast = self.scanner.isAtStart
            if mayBeFast { self.connection?.takeFast(&buffer) }
            if buffer.readableBytes == 0 { return }
            self.held = buffer
            self.pass(context, triesFast: !mayBeFast)
        } else {
            self.held.writeBuffer(&buffer)
            self.pass(context, triesFast: true)
        }
        if self.held.readableBytes > Self.heldLimit, !self.isDropping {
            self.connection?.hasSentTooMuchAhead()
            self.isDropping = true
        }
    }

    /// Continues with what was sent ahead, if a request can be taken again: soon, after other connections.
    func resume() {
        guard self.context != nil, self.isHoldingBack, !self.isPassing, !self.isQueued else { return }
        self.isQueued = true
        self.connection?.sentAhead.add(self)
    }

    /// Called by ``SentAhead``.
    func goOn() {
        self.isQueued = false
        // The connection may be closed already.
        guard let context, self.isHoldingBack, !self.isPassing else { return }
        self.pass(context, triesFast: true)
        self.connection?.wentOn()
    }

    /// - Parameter triesFast: Whether the fast path is asked about the next request. If not, that request takes the
    ///   normal path.
    private func pass(_ context: ChannelHandlerContext, triesFast: Bool) {
        guard !self.isPassing else { return }
        var triesFast = triesFast
        self.isPassing = true
        defer { self.isPassing = false }
        self.isHoldingBack = false
        while self.held.readableBytes > 0, !self.isDropping {
            if self.scanner.isAtStart {
                if triesFast { self.connection?.takeFast(&self.held) }
                triesFast = true
                if self.held.readableBytes == 0 { break }
                guard self.connection?.mayBegin == true else {
                    self.isHoldingBack = true
                    break
                }
            }
            let count: Int
            do throws(ListenerError) {
                count = try self.scanner.scan(self.held.readableBytesUInt8Span)
            } catch {
                self.reject(error)
                break
            }
            guard count > 0, let bytes = self.held.readSlice(length: count) else { break }
            self.parserEndedMessage = false
            context.fireChannelRead(self.wrapInboundOut(bytes))
            if self.parserEndedMessage {
                self.scanner = RequestScanner()
            } else if self.scanner.isAtEnd, !self.isDropping {
                self.reject(.malformedRequest(reason: "Where the request ends can be read in two ways."))
            }
        }
        self.releaseMemory()
    }

    private func reject(_ error: ListenerError) {
        self.connection?.reject(error)
        self.isDropping = true
    }

    /// Frees the memory of a whole read if only a few bytes wait.
    private func releaseMemory() {
        if self.held.readableBytes == 0 {
            self.held = ByteBuffer()
        } else if self.held.readableBytes < self.held.storageCapacity / 2 {
            self.held = ByteBuffer(bytes: self.held.readableBytesView)
        }
    }

    private func forget() {
        self.isHoldingBack = false
        // If a pass is running, it checks this itself and drops the bytes.
        if !self.isPassing { self.held = ByteBuffer() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        self.isInputClosed = true
        context.fireUserInboundEventTriggered(InputClosed())
    }

    // MARK: Out

    /// Bytes were written directly to the socket, not through the channel.
    func countOut(_ bytes: Int) { self.bytesOut += bytes }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.bytesOut += self.unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }
}
