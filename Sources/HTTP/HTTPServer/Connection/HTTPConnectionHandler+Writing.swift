import HTTPTypes
import NIOCore
import NIOHTTP1

extension HTTPConnectionHandler {
    /// Writes what a request's task hands over, in one flush.
    /// - Parameters:
    ///   - batch: The bytes.
    ///   - number: The exchange they belong to.
    ///   - waiter: Resumed when the socket can take more.
    func write(_ batch: ResponseBatch, of number: UInt64, waiter: CheckedContinuation<Void, any Error>?) {
        guard case .exchange(let exchange) = self.phase, exchange.number == number, let context else {
            waiter?.resume(throwing: ResponseWriteError.clientLeft)
            return
        }
        self.write(batch, of: exchange, context: context)
        guard let waiter else { return }
        if context.channel.isWritable {
            waiter.resume()
        } else if case .closed = self.phase {
            waiter.resume(throwing: ResponseWriteError.clientLeft)
        } else {
            self.waiter = (number, waiter)
        }
    }

    private func write(_ batch: ResponseBatch, of exchange: Exchange, context: ChannelHandlerContext) {
        var glue = ResponseGlue(context: context)
        if let head = batch.head {
            self.decideEnd(of: exchange, batch: batch)
            exchange.status = head.status.code
            exchange.framing = batch.framing
            let connection: StaticString? =
                exchange.mustClose ? "close" : !exchange.version.isHTTP11 ? "keep-alive" : nil
            ResponseHeadEncoder.encode(
                head,
                additions: .init(connection: connection, date: self.core.date.text, requestID: exchange.requestID),
                into: &glue.bytes
            )
        }
        for buffer in batch.body {
            if batch.framing == .chunked {
                glue.bytes.writeString(String(buffer.readableBytes, radix: 16))
                glue.bytes.writeStaticString("\r\n")
                glue.write(buffer, through: self)
                glue.bytes.writeStaticString("\r\n")
            } else {
                glue.write(buffer, through: self)
            }
        }
        guard batch.isLast else {
            glue.flush(through: self, promise: nil)
            return self.watchWrites()
        }
        if batch.framing == .chunked { glue.bytes.writeStaticString("0\r\n\r\n") }
        self.end(exchange, glue: &glue, context: context)
    }

    /// Decides whether the connection ends with a response, when its head is written.
    private func decideEnd(of exchange: Exchange, batch: ResponseBatch) {
        if batch.closes || batch.framing == .untilClose || !exchange.isRequestWhole
            || self.core.drain.phase != .running || (self.monitor.isInputClosed && !self.monitor.isHoldingBack)
        {
            exchange.mustClose = true
        }
    }

    /// Writes the last bytes of a response, and continues with what comes after it.
    private func end(_ exchange: Exchange, glue: inout ResponseGlue, context: ChannelHandlerContext) {
        let bytes = self.monitor.bytesOut + glue.bytes.readableBytes - exchange.firstByteOut
        self.unflushedAnswers += 1
        self.flushing = exchange
        let flushed = self.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { result in
            self.answerFlushed(exchange, bytes: bytes, result: result)
        }
        // The response came early, and nobody will read the rest of the body.
        if !exchange.isRequestWhole { exchange.body?.fail(.clientLeft) }
        let closes =
            exchange.mustClose || !exchange.isRequestWhole || self.core.drain.phase == .stopping
        if closes { self.beginLinger() } else { self.phase = .idle }
        glue.flush(through: self, promise: flushed)
        self.watchWrites()
        if case .idle = self.phase { self.becomeIdle() }
    }

    /// Sends 100 Continue if the client waits for it.
    func sendContinue(_ exchange: Exchange) {
        guard exchange.owesContinue, exchange.status == nil, let context else { return }
        exchange.owesContinue = false
        // If the client has begun to send, it no longer waits.
        guard exchange.bodyBytesReceived == 0 else { return }
        context.writeAndFlush(
            self.wrapOutboundOut(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")),
            promise: nil
        )
    }

    /// Answers in place of the responder, and ends the connection.
    func answer(_ error: ListenerError) {
        self.lastNumber += 1
        let exchange = Exchange(
            number: self.lastNumber,
            result: nil,
            version: .http1_1,
            requestID: self.core.requestIDs.next().text,
            handling: nil,
            body: nil,
            startedAt: self.eventLoop.now,
            firstByteOut: self.monitor.bytesOut
        )
        self.phase = .exchange(exchange)
        self.clocks.stopWaiting()
        // The parser has stopped, or what comes cannot be trusted.
        self.monitor.isDropping = true
        let response = self.core.answerError(error, exchange.requestID)
        let link = ExchangeLink(
            eventLoop: self.eventLoop,
            handler: NIOLoopBound(self, eventLoop: self.eventLoop),
            number: exchange.number
        )
        self.core.activity.enter()
        let core = self.core
        exchange.task = Task {
            let sink = ResponseSink(link: link, method: .get, version: .http1_1)
            do { try await sink.send(response) } catch { sink.cut() }
            core.activity.leave()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        self.noteSocketTakesBytes()
        self.waiter?.continuation.resume()
        self.waiter = nil
        self.goOn()
    }

    /// The task that waits for the socket was cancelled.
    func cancelWaiter(of number: UInt64) {
        guard let waiter = self.waiter, waiter.number == number else { return }
        self.waiter = nil
        waiter.continuation.resume(throwing: CancellationError())
    }
}

/// Collects outgoing heads and chunk framing in one buffer between two buffers of a body. Body buffers are never
/// copied.
struct ResponseGlue {
    var bytes: ByteBuffer
    private let context: ChannelHandlerContext

    init(context: ChannelHandlerContext) {
        self.context = context
        self.bytes = context.channel.allocator.buffer(capacity: 0)
    }

    mutating func write(_ buffer: ByteBuffer, through handler: HTTPConnectionHandler) {
        if self.bytes.readableBytes > 0 {
            self.context.write(handler.wrapOutboundOut(self.bytes), promise: nil)
            self.bytes = self.context.channel.allocator.buffer(capacity: 0)
        }
        self.context.write(handler.wrapOutboundOut(buffer), promise: nil)
    }

    /// Writes the rest, with the promise for all of it, and flushes.
    mutating func flush(through handler: HTTPConnectionHandler, promise: EventLoopPromise<Void>?) {
        if self.bytes.readableBytes > 0 || promise != nil {
            self.context.write(handler.wrapOutboundOut(self.bytes), promise: promise)
            self.bytes = self.context.channel.allocator.buffer(capacity: 0)
        }
        self.context.flush()
    }
}
