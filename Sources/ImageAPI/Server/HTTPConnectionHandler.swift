import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import ObjectStorage

/// One connection: takes its requests one after the other, runs a task for each, writes the answers, and decides when
/// the connection ends.
///
/// What may be in flight: one exchange. Requests that a client sends ahead wait in `queue`, and nothing further is read
/// while anything does, so that it is never more than one read of the socket. The parts of this class:
/// this file, requests in; `+Writing`, answers out; `+FastLane`, answers that are there already; `+Ending`, every
/// way in which a request or a connection ends. What may last how long is in `ConnectionClocks`.
final class HTTPConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Nothing in flight.
        case idle
        /// A request is being read or answered.
        case exchange(Exchange)
        /// The last answer was written; see `LingeringClose`.
        case lingering(LingeringClose)
        /// Done.
        case closed
    }

    let core: ListenerCore
    let tap: SocketTap
    let headReader: RequestHeadReader
    let eventLoop: any EventLoop
    /// The tasks of requests run where their socket is.
    private let executor: EventLoopTaskExecutor
    /// Kept, since the channel forgets it when it closes.
    var remoteAddress: SocketAddress?
    /// Its text without the port, for the access log.
    var clientAddress: String?

    var context: ChannelHandlerContext?
    var phase = Phase.idle
    var lastNumber: UInt64 = 0
    /// Requests that came while another was in flight.
    var queue = CircularBuffer<HTTPServerRequestPart>()
    /// What was wrong with the bytes behind the requests in `queue`: answered when they are.
    var queuedFault: ListenerFault?
    /// The task that waits for the socket to take more.
    var waiter: (number: UInt64, continuation: CheckedContinuation<Void, any Error>)?
    /// Answers written to their end whose last byte the kernel has not taken.
    var unflushedAnswers = 0
    /// Whether to close as soon as there are none.
    var closesWhenFlushed = false
    /// Why the connection was cut, for the answers that were not flushed yet.
    var cutOutcome = FinishedRequest.Outcome.clientLeft
    /// How many bytes the kernel had taken when the connection was cut.
    var takenAtCut: Int?
    var clocks = ConnectionClocks()
    /// Who may answer at once, and how requests for it are read; nil: nobody.
    let fastLane: (seat: FastLaneSeat, reader: FastHeadReader)?
    /// Heads of quick answers are written into it: mostly the kernel has taken the last one, and its memory is free.
    var fastHead = ByteBuffer()
    /// For quick answers.
    var directSocket: DirectSocket?

    init(core: ListenerCore, tap: SocketTap, eventLoop: any EventLoop) {
        self.fastLane = core.lanes.map { ($0.seat(on: eventLoop), FastHeadReader(core.configuration)) }
        self.eventLoop = eventLoop
        self.executor = EventLoopTaskExecutor(eventLoop)
        self.core = core
        self.tap = tap
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
        let tap = SocketTap()
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        try pipeline.addHandler(tap)
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(HTTPConnectionHandler(core: core, tap: tap, eventLoop: pipeline.eventLoop))
    }

    // MARK: Bytes in

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if self.fastLane != nil { self.tap.takeFast = { [unowned self] in self.takeFast(&$0) } }
        if context.channel.isActive { self.channelActive(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.remoteAddress = context.channel.remoteAddress
        self.clientAddress = self.remoteAddress?.ipAddress
        if self.fastLane != nil { self.directSocket = DirectSocket(context.channel) }
        self.becomeIdle()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        if case .end = part { self.tap.parserEndedMessage = true } else { self.tap.parserEndedMessage = false }
        if self.mustQueue { self.queue.append(part) } else { self.take(part) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.noteBytesRead()
        self.readIfWanted()
    }

    /// Whether what comes belongs to a later request than can be worked on now.
    private var mustQueue: Bool {
        switch self.phase {
        case .idle: !self.queue.isEmpty || self.context?.channel.isWritable != true
        case .exchange(let exchange): exchange.isRequestWhole
        case .lingering, .closed: false
        }
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
            self.tap.beginHead()
            // The parser has stopped behind such a request, and would only pile up what comes.
            if exchange.mustClose { self.tap.isDropping = true }
        default:
            // What follows a request that was answered with the end of the connection.
            break
        }
    }

    /// Works on what was queued, until a request is in flight again.
    func takeQueued() {
        while !self.queue.isEmpty {
            switch self.phase {
            case .idle where self.context?.channel.isWritable == true: break
            case .exchange(let exchange) where !exchange.isRequestWhole: break
            default: return
            }
            self.take(self.queue.removeFirst())
        }
        if case .idle = self.phase, let fault = self.queuedFault {
            self.queuedFault = nil
            self.answer(fault)
        }
    }

    func readIfWanted() {
        let wantsBytes =
            switch self.phase {
            case .idle: self.queue.isEmpty && self.context?.channel.isWritable == true
            // Nothing further is heard on this connection, and the channel tells of the client's leaving unread.
            case .exchange where self.tap.isDropping: false
            // One read ahead after the request's end keeps the socket registered for reading from one request to the
            // next, which saves two system calls each.
            case .exchange(let exchange):
                exchange.isRequestWhole ? self.queue.isEmpty : exchange.body?.wantsMore ?? (exchange.head != nil)
            case .lingering, .closed: false
            }
        if wantsBytes { self.context?.read() }
    }

    // MARK: Requests

    /// Waits for the next request.
    func becomeIdle() {
        self.phase = .idle
        self.clocks.wait(for: .idle, self.idleLimit, on: self)
        self.takeQueued()
        self.readIfWanted()
    }

    /// A connection that was accepted in the last moment before a shutdown may still send the request that it was
    /// opened for.
    private var idleLimit: TimeAmount {
        let limit = self.core.configuration.idleTimeout
        return self.core.drain.phase == .stopping ? min(limit, .seconds(1)) : limit
    }

    private func begin(_ head: HTTPRequestHead) {
        self.clocks.stopWaiting()
        let result: RequestHeadReader.Result
        do throws(ListenerFault) {
            result = try self.headReader.read(head)
        } catch {
            return self.answer(error)
        }

        self.lastNumber += 1
        let source = ServerRequestSource(
            logger: self.core.logger,
            requestID: self.core.requestIDs.next().text,
            remoteAddress: self.remoteAddress,
            receivedAt: self.eventLoop.now
        )
        let link = ExchangeLink(
            eventLoop: self.eventLoop,
            handler: NIOLoopBound(self, eventLoop: self.eventLoop),
            number: self.lastNumber
        )
        let body = result.hasBody ? self.makeBody(link) : nil
        let handling = self.core.handling(source)
        let exchange = Exchange(
            number: self.lastNumber,
            result: result,
            version: head.version,
            requestID: source.requestID,
            handling: handling,
            body: body,
            startedAt: source.receivedAt,
            firstByteOut: self.tap.bytesOut
        )
        // It was about to be closed for want of a request.
        if self.closesWhenFlushed { exchange.mustClose = true }
        self.phase = .exchange(exchange)

        let request = Request(
            head: result.request,
            body: body.map { RequestBody(asyncSequence: $0) } ?? RequestBody(buffer: ByteBuffer())
        )
        let version = head.version
        let core = self.core
        core.activity.enter()
        let executor = self.executor
        exchange.task = TaskHome.$executor.withValue(executor) {
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
        self.clocks.wait(for: .body, self.core.configuration.bodyTimeout, on: self)
        self.readIfWanted()
    }
}
