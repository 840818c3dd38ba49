import ImageService
import NIOCore

extension HTTPConnectionHandler {
    /// Answers requests at the front of `bytes`, as long as they can be answered at once, and takes them off. What is
    /// left is for the parser, and in its order: nothing was in flight before, and these have been answered.
    ///
    /// Asked only while the parser holds no part of a message.
    func takeFast(_ bytes: inout ByteBuffer) {
        guard let fastLane, let context else { return }
        var hasAnswered = false
        while bytes.readableBytes > 0, self.mayAnswerFast(context),
            let (request, length) = fastLane.reader.read(bytes), let answer = fastLane.seat.lane.answer(request)
        {
            bytes.moveReaderIndex(forwardBy: length)
            self.write(answer, to: request, context: context)
            hasAnswered = true
        }
        // The next head has not begun, so far as anybody has seen.
        if hasAnswered, case .idle = self.phase {
            self.clocks.wait(for: .idle, self.core.configuration.idleTimeout, on: self)
        }
    }

    /// Whether nothing is in flight, and the connection goes on: how it ends, only the long way tells a client.
    private func mayAnswerFast(_ context: ChannelHandlerContext) -> Bool {
        guard case .idle = self.phase, self.queue.isEmpty, self.queuedFault == nil, !self.closesWhenFlushed else {
            return false
        }
        return context.channel.isWritable && self.core.drain.phase == .running
    }

    private func write(_ answer: FastAnswer, to request: FastRequest, context: ChannelHandlerContext) {
        let startedAt = self.eventLoop.now
        let firstByteOut = self.tap.bytesOut
        let id = self.core.requestIDs.next()
        self.fastHead.clear()
        self.fastHead.writeImmutableBuffer(answer.head)
        ResponseHeadEncoder.encodeEnd(date: self.fastLane?.seat.date.text ?? "", requestID: id, into: &self.fastHead)

        let bytes = self.fastHead.readableBytes + (answer.body?.range.count ?? 0)
        self.unflushedAnswers += 1
        let flushed = self.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { result in
            // The file is held until here: bytes that nobody has taken yet are counted as memory in use.
            self.answerFlushed(firstByteOut: firstByteOut, bytes: bytes, result: result) { outcome, bytesSent in
                let finished = FinishedRequest(
                    source: .fastLane(request, id, answer.notes),
                    remoteAddress: self.remoteAddress,
                    status: answer.status,
                    outcome: outcome,
                    bytesSent: bytesSent,
                    bodyBytesReceived: 0,
                    duration: self.eventLoop.now - startedAt
                )
                self.core.hooks.onFinished(finished, nil)
            }
        }
        context.write(self.wrapOutboundOut(self.fastHead), promise: answer.body == nil ? flushed : nil)
        answer.body?.file.forEachPiece(of: answer.body?.range ?? 0..<0) { piece, isLast in
            context.write(self.wrapOutboundOut(piece), promise: isLast ? flushed : nil)
        }
        context.flush()
        self.watchWrites()
    }
}
