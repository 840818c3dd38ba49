import NIOCore
import NIOHTTP1

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension HTTPConnectionHandler {
    // MARK: After the last response

    /// The last response was written. What the client still sends is dropped.
    func beginLinger() {
        self.clocks.stopWaiting()
        self.monitor.isDropping = true
        let linger = LingeringClose(
            budget: self.core.configuration.lingerBytes,
            isInputClosed: self.monitor.isInputClosed
        )
        self.phase = .lingering(linger)
        self.perform(linger.start())
    }

    /// Passes an event to the lingering close, if there is one.
    func lingerEvent(_ event: (inout LingeringClose) -> LingeringClose.Action) {
        guard case .lingering(var linger) = self.phase else { return }
        let action = event(&linger)
        self.phase = .lingering(linger)
        self.perform(action)
    }

    private func perform(_ action: LingeringClose.Action) {
        switch action {
        case .wait:
            break
        case .read:
            self.context?.read()
        case .shutdownOutput:
            self.context?.close(mode: .output, promise: nil)
            self.clocks.wait(for: .linger, self.core.configuration.lingerTimeout, on: self)
            self.context?.read()
        case .close:
            self.close()
        }
    }

    /// The kernel has taken the last byte of a response, or never will.
    func answerFlushed(_ exchange: Exchange, bytes: Int, result: Result<Void, any Error>) {
        self.answerFlushed(firstByteOut: exchange.firstByteOut, bytes: bytes, result: result) {
            self.report(exchange, $0, bytesSent: $1)
        }
    }

    /// - Parameter report: Gets how it ended, and how many bytes the kernel took.
    func answerFlushed(
        firstByteOut: Int, bytes: Int, result: Result<Void, any Error>,
        report: (FinishedRequest.Outcome, Int) -> Void
    ) {
        self.unflushedAnswers -= 1
        if self.unflushedAnswers == 0 { self.flushing = nil }
        switch result {
        case .success:
            report(.complete, bytes)
            guard self.unflushedAnswers == 0 else { return }
            self.clocks.stopWatchingWrites()
            self.lingerEvent { $0.flushed() }
            // If another request has come since, it is answered first, and its response says that it is the last one.
            if self.closesWhenFlushed, case .idle = self.phase, !self.monitor.isHoldingBack { self.close() }
        case .failure:
            let taken = (self.takenAtCut ?? self.monitor.bytesOut) - firstByteOut
            report(self.cutOutcome, min(bytes, max(0, taken)))
            self.close()
        }
    }

    // MARK: The client leaves

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ConnectionMonitorHandler.InputClosed:
            self.inputClosed()
        case DrainEvent.closeIdle:
            if case .idle = self.phase, !self.monitor.isHoldingBack, !self.clocks.isReadingHead {
                self.closeWhenFlushed()
            }
        case DrainEvent.cut:
            self.cut(.shutDown)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// The client has closed its sending side. If it did so within a request, it has left. After a whole request it may
    /// do so and still read. The server cannot know whether it reads before it sends something. So it answers if that
    /// costs little, and gives up costly work.
    private func inputClosed() {
        switch self.phase {
        case .idle:
            if !self.monitor.isHoldingBack { self.closeWhenFlushed() }
        case .exchange(let exchange):
            if !exchange.isRequestWhole || exchange.isCostly { self.cut(.clientLeft) }
        case .lingering: self.lingerEvent { $0.inputClosed() }
        case .closed: break
        }
    }

    /// The response to a request needs costly work.
    func costsMuch(_ number: UInt64) {
        guard case .exchange(let exchange) = self.phase, exchange.number == number else { return }
        exchange.isCostly = true
        if self.monitor.isInputClosed { self.cut(.clientLeft) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.cut(.clientLeft)
        self.context = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.monitor.connection = nil
        self.cut(.clientLeft)
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let parserError = error as? HTTPParserError
        // The parser reads no further. More bytes would only make it fail again, and that would end a response in
        // flight.
        if parserError != nil { self.monitor.isDropping = true }
        guard let rejection = ListenerError(parserError: error, monitor: self.monitor, limits: self.core.configuration)
        else {
            return self.cut(.clientLeft)
        }
        switch self.phase {
        case .idle: self.answer(rejection)
        case .exchange(let exchange): self.breakBody(of: exchange, .malformed)
        case .lingering, .closed: break
        }
    }

    /// What came is not HTTP, or exceeds a limit. The client is told at once, or by the handler that reads the body.
    func reject(_ error: ListenerError) {
        switch self.phase {
        case .idle: self.answer(error)
        case .exchange(let exchange): self.breakBody(of: exchange, .rejected(reason: error.description))
        case .lingering, .closed: break
        }
    }

    private func breakBody(of exchange: Exchange, _ error: RequestBodyError) {
        exchange.mustClose = true
        // The handler gets the error when it reads, and answers.
        if !exchange.isRequestWhole { exchange.body?.fail(error) }
    }

    // MARK: The server gives up

    /// A request's task could not complete its response.
    func breakOff(_ number: UInt64) {
        guard case .exchange(let exchange) = self.phase, exchange.number == number else { return }
        self.cut(.broken)
    }

    /// Ends the connection and everything in flight on it, at once.
    func cut(_ outcome: FinishedRequest.Outcome) {
        if case .closed = self.phase { return }
        self.cutOutcome = outcome
        self.takenAtCut = self.bytesTaken
        if case .exchange(let exchange) = self.phase {
            let bytes = max(0, self.bytesTaken - exchange.firstByteOut)
            let mustReset = exchange.framing == .untilClose
            // Closed first: the calls below wake tasks, which must find nothing in flight.
            self.phase = .closed
            exchange.body?.fail(.clientLeft)
            self.failWaiter()
            exchange.task?.cancel()
            self.report(exchange, outcome, bytesSent: bytes)
            if mustReset { self.resetOnClose() }
        }
        // Bytes that nobody takes would stay in the kernel for minutes.
        if outcome == .stalled { self.resetOnClose() }
        self.close()
    }

    /// Closes when the kernel has taken every response.
    func closeWhenFlushed() {
        if self.unflushedAnswers == 0 { return self.close() }
        self.closesWhenFlushed = true
    }

    func close() {
        self.phase = .closed
        self.monitor.isDropping = true
        self.clocks.stop()
        self.failWaiter()
        self.context?.close(promise: nil)
    }

    private func failWaiter() {
        let error = self.cutOutcome == .stalled ? ResponseWriteError.stalled : .clientLeft
        self.waiter?.continuation.resume(throwing: error)
        self.waiter = nil
    }

    private func resetOnClose() {
        let options = self.context?.channel as? any SocketOptionProvider
        _ = options?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }

    private func report(_ exchange: Exchange, _ outcome: FinishedRequest.Outcome, bytesSent: Int) {
        let finished = FinishedRequest(
            source: .exchange(exchange.head, requestID: exchange.requestID),
            remoteAddress: self.remoteAddress,
            clientAddress: (exchange.client ?? self.client)?.text,
            status: exchange.status ?? (outcome == .clientLeft ? 499 : 0),
            outcome: outcome,
            bytesSent: bytesSent,
            bodyBytesReceived: exchange.bodyBytesReceived,
            duration: self.eventLoop.now - exchange.startedAt
        )
        (exchange.handling?.onFinished ?? self.core.onFinishedWithoutContext)(finished)
    }
}
