import NIOCore

/// Stands nearest to the socket, in front of the parser, and sees what the handlers behind it cannot: that bytes came
/// which are not yet a whole head, that the client closed its side, and how many bytes went out.
///
/// It hands the parser one request at a time. What a client sends ahead waits here as it came, and in front of the
/// parser it asks the fast path, by way of the connection. What comes after the last answer it drops.
final class ConnectionMonitorHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The client has closed its side, and what it sent before has been handed on or waits here. Told in place of
    /// `ChannelEvent.inputClosed`, at which the parser would give up what it has not got yet.
    struct InputClosed: Sendable {}

    /// Bytes read from the socket in all.
    private(set) var bytesIn = 0
    /// Bytes handed to the channel in all, whether the kernel has taken them or not.
    private(set) var bytesOut = 0
    /// Whether the client has closed its side.
    private(set) var isInputClosed = false
    /// Whether what comes is dropped.
    var isDropping = false {
        didSet { if self.isDropping { self.forget() } }
    }
    /// Whether some of a request has come, and the rest has not.
    var isAmidRequest: Bool { !self.isHoldingBack && (self.held.readableBytes > 0 || !self.scanner.isAtStart) }
    /// Whether bytes wait here that may be a request, until the connection can take it.
    private(set) var isHoldingBack = false
    /// Whether the last thing that the parser handed on was the end of a message.
    var parserEndedMessage = false
    /// Nil before the connection is set up and after its end.
    unowned var connection: HTTPConnectionHandler?

    /// What was read and not handed on: at most what one read of the socket brings, but for a client that closes its
    /// side, where the channel reads all that has come.
    private var held = ByteBuffer()
    private var scanner = RequestScanner()
    private var isPassing = false
    /// Whether ``SentAhead`` has it.
    private var isQueued = false
    /// Its own place in the pipeline: what goes on from here goes to the parser.
    private var context: ChannelHandlerContext?

    /// A client that has sent so much ahead before it closed its side is answered as far as it is known, and no
    /// further.
    static let heldLimit = 128 << 10

    /// How long the first line of a request is, as far as it has come.
    var requestLineBytes: Int { self.scanner.requestLineBytes }

    /// The parser has found a head, behind which such a body comes.
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

    /// Goes on with what was sent ahead, where a request can be taken again: soon, when others have had their turn.
    func resume() {
        guard self.context != nil, self.isHoldingBack, !self.isPassing, !self.isQueued else { return }
        self.isQueued = true
        self.connection?.sentAhead.add(self)
    }

    /// Called by ``SentAhead``.
    func goOn() {
        self.isQueued = false
        // The connection may be gone.
        guard let context, self.isHoldingBack, !self.isPassing else { return }
        self.pass(context, triesFast: true)
        self.connection?.wentOn()
    }

    /// - Parameter triesFast: Whether the fast path is asked about the next request. If not, that one goes the long
    ///   way.
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
                self.refuse(error)
                break
            }
            guard count > 0, let bytes = self.held.readSlice(length: count) else { break }
            self.parserEndedMessage = false
            context.fireChannelRead(self.wrapInboundOut(bytes))
            if self.parserEndedMessage {
                self.scanner = RequestScanner()
            } else if self.scanner.isAtEnd, !self.isDropping {
                self.refuse(.malformedRequest(reason: "Where the request ends can be read in two ways."))
            }
        }
        self.releaseMemory()
    }

    private func refuse(_ fault: ListenerError) {
        self.connection?.refuse(fault)
        self.isDropping = true
    }

    /// A few bytes that wait do not keep the memory of a whole read.
    private func releaseMemory() {
        if self.held.readableBytes == 0 {
            self.held = ByteBuffer()
        } else if self.held.readableBytes < self.held.storageCapacity / 2 {
            self.held = ByteBuffer(bytes: self.held.readableBytesView)
        }
    }

    private func forget() {
        self.isHoldingBack = false
        // Within a pass it is looked at again, and let go of there.
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

    /// Bytes went to the socket past the channel.
    func countOut(_ bytes: Int) { self.bytesOut += bytes }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.bytesOut += self.unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }
}
