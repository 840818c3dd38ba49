import HTTPTypes
import NIOCore
import NIOHTTP1
import TaskSupport

/// One connection. It takes requests one after the other, runs a task for each, writes the responses, and decides when
/// the connection ends.
///
/// One exchange may be in flight. Requests that a client sends ahead wait in the monitor. While any wait, nothing more
/// is read, so they are never more than one read of the socket.
///
/// This file takes requests in. `+Writing` sends responses. `+FastPath` sends responses that are ready already.
/// `+Ending` has every way in which a request or a connection ends. `ConnectionClocks` has the timeouts.
final class HTTPConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Nothing is in flight.
        case idle
        /// A request is being read or answered.
        case exchange(Exchange)
        /// The last response was written; see `LingeringClose`.
        case lingering(LingeringClose)
        /// Done.
        case closed
    }

    let core: ListenerCore
    let monitor: ConnectionMonitorHandler
    let headReader: RequestHeadReader
    let eventLoop: any EventLoop
    /// Runs the tasks of requests on the event loop of their socket.
    private let executor: EventLoopTaskExecutor
    /// Stored, because the channel forgets it when it closes.
    var remoteAddress: SocketAddress?
    /// The peer as a client.
    var client: RequestClient?
    /// Names the clients of this connection; nil: the peer is the client.
    var proxies: (any ClientNaming)?
    /// The client that was named last, and by what. A proxy often sends many requests of one client in a row.
    var lastNamed: (fields: ForwardingFields, client: RequestClient)?

    var context: ChannelHandlerContext?
    var phase = Phase.idle
    var lastNumber: UInt64 = 0
    /// The task that waits for the socket to take more.
    var waiter: (number: UInt64, continuation: CheckedContinuation<Void, any Error>)?
    /// Completely written responses whose last byte the kernel has not taken.
    var unflushedAnswers = 0
    /// The last of these responses that came on the normal path.
    var flushing: Exchange?
    /// Whether to close as soon as there are none.
    var closesWhenFlushed = false
    /// Why the connection was cut, for the responses that were not flushed.
    var cutOutcome = FinishedRequest.Outcome.clientLeft
    /// How many bytes the kernel had taken when the connection was cut.
    var takenAtCut: Int?
    var clocks = ConnectionClocks()
    /// Answers requests at once, and reads their heads; nil if there is no fast path.
    let fastPath: (slot: FastPathLoopState, reader: FastHeadReader)?
    let sentAhead: SentAhead
    /// The buffer for heads of fast responses. Usually the kernel has taken the last one, and its memory is free.
    var fastHead = ByteBuffer()
    /// For fast responses, and for what the kernel knows about the client.
    var directSocket: DirectSocket?

    init(core: ListenerCore, monitor: ConnectionMonitorHandler, eventLoop: any EventLoop) {
        self.fastPath = core.fastPaths.map { ($0.slot(on: eventLoop), FastHeadReader(core.configuration)) }
        self.sentAhead = core.sentAhead.of(eventLoop)
        self.eventLoop = eventLoop
        self.executor = EventLoopTaskExecutor(eventLoop)
        self.core = core
        self.monitor = monitor
        self.headReader = RequestHeadReader(maxTargetBytes: core.configuration.maxTargetBytes)
    }

    /// Puts the handlers of a connection into a pipeline.
    static func configure(
        _ pipeline: ChannelPipeline.SynchronousOperations,
        core: ListenerCore
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = max(core.configuration.maxFieldBytes, core.configuration.maxTargetBytes)
        limits.maxHeaderListSize = core.configuration.maxHeadBytes
        limits.maxHeaderFieldCount = core.configuration.maxFields
        let monitor = ConnectionMonitorHandler()
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        let connection = HTTPConnectionHandler(core: core, monitor: monitor, eventLoop: pipeline.eventLoop)
        if core.configuration.expectsProxyHeader {
            try pipeline.addHandler(ProxyHeaderHandler(core: core, connection: connection))
        }
        try pipeline.addHandler(monitor)
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(connection)
    }

    // MARK: Bytes in

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.monitor.connection = self
        if context.channel.isActive { self.channelActive(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.remoteAddress = context.channel.remoteAddress
        self.notePeer(self.remoteAddress)
        self.directSocket = DirectSocket(context.channel)
        self.becomeIdle()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        if case .end = part { self.monitor.parserEndedMessage = true } else { self.monitor.parserEndedMessage = false }
        self.take(part)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.noteBytesRead()
        self.readIfWanted()
    }

    /// Whether the connection can take a request now.
    var mayBegin: Bool {
        guard case .idle = self.phase else { return false }
        return self.context?.channel.isWritable == true
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch (self.phase, part) {
        case (.idle, .head(let head)):
            self.begin(head)
        case (.exchange(let exchange), .body(let buffer)):
            exchange.bodyBytesReceived += buffer.readableBytes
            exchange.body?.push(buffer)
        case (.exchange(let exchange), .end):
            exchange.isRequestWhole = true
            exchange.owesContinue = false
            exchange.body?.end()
            // The parser has stopped after such a request, and would only accumulate what comes.
            if exchange.mustClose { self.monitor.isDropping = true }
        case (.exchange(let exchange), .head):
            // The monitor passes on one request at a time. If it finds another end than the parser, no end is certain.
            exchange.mustClose = true
            self.monitor.isDropping = true
        default:
            // This follows a request whose response ended the connection.
            break
        }
    }

    /// Continues with what was sent ahead.
    func goOn() {
        self.monitor.resume()
        self.wentOn()
    }

    /// What was sent ahead has been handled, or waits for that.
    func wentOn() {
        if case .idle = self.phase {
            if self.monitor.isInputClosed, !self.monitor.isHoldingBack {
                self.closeWhenFlushed()
            } else if self.monitor.isAmidRequest, !self.clocks.isReadingHead {
                self.clocks.wait(for: .head, self.core.configuration.headTimeout, on: self)
            }
        }
        self.readIfWanted()
    }

    /// The client has sent more ahead than the server keeps.
    func hasSentTooMuchAhead() {
        switch self.phase {
        case .idle: self.closeWhenFlushed()
        case .exchange(let exchange): exchange.mustClose = true
        case .lingering, .closed: break
        }
    }

    func readIfWanted() {
        let wantsBytes =
            switch self.phase {
            case .idle: !self.monitor.isHoldingBack && self.context?.channel.isWritable == true
            // The server takes nothing more from this connection, and the channel reports the client's leaving without
            // a read.
            case .exchange where self.monitor.isDropping: false
            // One read ahead after the request's end keeps the socket registered for reading from one request to the
            // next, which saves two system calls each.
            case .exchange(let exchange):
                exchange.isRequestWhole
                    ? !self.monitor.isHoldingBack : exchange.body?.wantsMore ?? (exchange.head != nil)
            case .lingering, .closed: false
            }
        if wantsBytes { self.context?.read() }
    }

    // MARK: Requests

    /// Waits for the next request.
    func becomeIdle() {
        self.phase = .idle
        self.clocks.wait(for: .idle, self.idleLimit, on: self)
        self.goOn()
    }

    /// A connection that was accepted just before a shutdown may still send the request that it was opened for.
    private var idleLimit: TimeAmount {
        let limit = self.core.configuration.idleTimeout
        return self.core.drain.phase == .stopping ? min(limit, .seconds(1)) : limit
    }

    private func begin(_ head: HTTPRequestHead) {
        self.clocks.stopWaiting()
        let result: RequestHeadReader.Result
        do throws(ListenerError) {
            result = try self.headReader.read(head)
        } catch {
            return self.answer(error)
        }

        self.monitor.beginBody(result.framing)
        self.lastNumber += 1
        let link = ExchangeLink(
            eventLoop: self.eventLoop,
            handler: NIOLoopBound(self, eventLoop: self.eventLoop),
            number: self.lastNumber
        )
        let client = self.proxies == nil ? self.client : self.client(ForwardingFields(result.request.headerFields))
        let source = ServerRequestSource(
            requestID: self.core.requestIDs.next().text,
            remoteAddress: self.remoteAddress,
            client: client,
            receivedAt: self.eventLoop.now,
            announceCostlyWork: { link.costsMuch() }
        )
        let body = result.framing != .none ? self.makeBody(link) : nil
        let handling = self.core.handling(source)
        let exchange = Exchange(
            number: self.lastNumber,
            result: result,
            version: head.version,
            requestID: source.requestID,
            handling: handling,
            body: body,
            startedAt: source.receivedAt,
            firstByteOut: self.monitor.bytesOut
        )
        exchange.client = client
        if body != nil { exchange.bodyRate = RateFloor(window: self.core.configuration.rateWindow) }
        // The connection was about to be closed because no request came.
        if self.closesWhenFlushed { exchange.mustClose = true }
        self.phase = .exchange(exchange)

        let request = Request(
            head: result.request,
            body: body.map { RequestBody($0) } ?? RequestBody(ByteBuffer())
        )
        let version = head.version
        let core = self.core
        core.activity.enter()
        let executor = self.executor
        exchange.task = RequestExecutor.$executor.withValue(executor) {
            Task(executorPreference: executor) {
                await RequestTask.run(request, handling, id: source.requestID, version, link, core)
                core.activity.leave()
            }
        }
    }

    private func makeBody(_ link: ExchangeLink) -> RequestBodyStream {
        let number = link.number
        return RequestBodyStream { signal in
            switch signal {
            case .wanted: link.perform { $0.bodyWanted(number) }
            case .emptied: link.perform { $0.readIfWanted() }
            }
        }
    }

    /// The handler waits for bytes of the body.
    private func bodyWanted(_ number: UInt64) {
        guard case .exchange(let exchange) = self.phase, exchange.number == number, let body = exchange.body,
            body.isWaiting
        else { return }
        self.sendContinue(exchange)
        exchange.bodyRate?.resume(now: self.eventLoop.now)
        self.clocks.wait(for: .body, self.core.configuration.bodyTimeout, on: self)
        self.readIfWanted()
    }
}
