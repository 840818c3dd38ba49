import NIOCore

extension HTTPConnectionHandler {
    /// Answers requests at the front of `bytes` and removes them, as long as it can answer at once. The rest goes to
    /// the parser. The order is kept: nothing was in flight before, and these requests have been answered.
    ///
    /// Called only while the parser holds no part of a message.
    func takeFast(_ bytes: inout ByteBuffer) {
        guard let fastPath, let context else { return }
        var answered = 0
        let beganAt = self.eventLoop.now
        var startedAt = beganAt
        // One read of the socket may hold a thousand heads, and the loop's other connections wait meanwhile.
        while bytes.readableBytes > 0, answered < Self.maximumFastAnswers, self.mayAnswerFast(context),
            let (read, length) = fastPath.reader.read(bytes, isFromProxy: self.proxies != nil)
        {
            var request = read
            request.client = self.client(request.forwarding)
            guard let answer = fastPath.slot.fastPath.answer(request) else { break }
            bytes.moveReaderIndex(forwardBy: length)
            self.write(answer, to: request, startedAt: startedAt, context: context)
            answered += 1
            if bytes.readableBytes > 0 { startedAt = self.eventLoop.now }
        }
        guard answered > 0 else { return }
        fastPath.slot.answered(from: beganAt, until: self.eventLoop.now, on: self.eventLoop)
        guard case .idle = self.phase else { return }
        // The rest may be the beginning of a head.
        let limits = self.core.configuration
        if bytes.readableBytes > 0 {
            self.clocks.wait(for: .head, limits.headTimeout, on: self)
        } else {
            self.clocks.wait(for: .idle, limits.idleTimeout, on: self)
        }
    }

    /// How many responses one read of the socket may get.
    private static var maximumFastAnswers: Int { 16 }

    /// Whether nothing is in flight and the connection stays open. Only the normal path tells a client that it ends.
    private func mayAnswerFast(_ context: ChannelHandlerContext) -> Bool {
        guard case .idle = self.phase, !self.closesWhenFlushed else { return false }
        return context.channel.isWritable && self.core.drain.phase == .running
    }

    private func write(
        _ answer: FastAnswer, to request: FastRequest, startedAt: NIODeadline, context: ChannelHandlerContext
    ) {
        let exchange = FastExchange(
            request: request, answer: answer, id: self.core.requestIDs.next(), startedAt: startedAt,
            firstByteOut: self.monitor.bytesOut)
        self.fastHead.clear()
        self.fastHead.writeImmutableBuffer(answer.head)
        if let fields = answer.fields { self.fastHead.writeImmutableBuffer(fields) }
        ResponseHeadEncoder.encodeEnd(requestID: exchange.id, into: &self.fastHead)
        let headBytes = self.fastHead.readableBytes
        let bytes = headBytes + (answer.body?.range.count ?? 0)
        let taken = self.sendDirectly(answer, context: context)
        if taken == bytes {
            self.report(exchange, .complete, bytesSent: bytes)
        } else {
            self.writeRest(of: exchange, from: taken, headBytes: headBytes, bytes: bytes, context: context)
        }
    }

    /// Usually the kernel takes everything at once.
    /// - Returns: How many bytes it took.
    private func sendDirectly(_ answer: FastAnswer, context: ChannelHandlerContext) -> Int {
        guard let socket = self.directSocket, self.unflushedAnswers == 0, context.channel.isActive else { return 0 }
        var body = ByteBuffer().readableBytesView
        if let (file, range) = answer.body {
            #if os(Linux)
                if let descriptor = file.descriptor {
                    let taken = socket.send(self.fastHead, descriptor, range)
                    self.monitor.countOut(taken)
                    return taken
                }
            #endif
            guard let piece = file.onePiece else { return 0 }
            body = piece.viewBytes(at: piece.readerIndex + range.lowerBound, length: range.count) ?? body
            guard body.count == range.count else { return 0 }
        }
        let taken = socket.send(self.fastHead, body)
        self.monitor.countOut(taken)
        return taken
    }

    /// Leaves what the kernel has not taken to the channel.
    private func writeRest(
        of exchange: FastExchange, from taken: Int, headBytes: Int, bytes: Int, context: ChannelHandlerContext
    ) {
        self.unflushedAnswers += 1
        let flushed = self.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { result in
            // The file is held until here, because bytes not yet taken count as memory in use.
            self.answerFlushed(firstByteOut: exchange.firstByteOut, bytes: bytes, result: result) {
                self.report(exchange, $0, bytesSent: $1)
            }
        }
        let body = exchange.answer.body
        self.fastHead.moveReaderIndex(forwardBy: min(taken, headBytes))
        if self.fastHead.readableBytes > 0 {
            context.write(self.wrapOutboundOut(self.fastHead), promise: body == nil ? flushed : nil)
        }
        if let (file, range) = body {
            let start = range.lowerBound + max(0, taken - headBytes)
            file.forEachPiece(of: start..<range.upperBound) { piece, isLast in
                context.write(self.wrapOutboundOut(piece), promise: isLast ? flushed : nil)
            }
        }
        context.flush()
        self.watchWrites()
    }

    private func report(_ exchange: FastExchange, _ outcome: FinishedRequest.Outcome, bytesSent: Int) {
        let finished = FinishedRequest(
            source: .fastPath(exchange.request, exchange.id),
            remoteAddress: self.remoteAddress,
            clientAddress: exchange.request.client?.text,
            status: exchange.answer.status,
            outcome: outcome,
            bytesSent: bytesSent,
            bodyBytesReceived: 0,
            duration: self.eventLoop.now - exchange.startedAt
        )
        self.core.onFinishedWithoutContext(finished)
    }
}

/// One request and its fast response.
private struct FastExchange {
    let request: FastRequest
    let answer: FastAnswer
    let id: RequestID
    let startedAt: NIODeadline
    /// Where the response begins among the bytes handed to the socket.
    let firstByteOut: Int
}
