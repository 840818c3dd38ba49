import NIOCore

/// Stops accepting while too many connections are open. It stands in the pipeline of the listening socket, which has to
/// accept one connection at a time for the bound to be exact. Those beyond it wait in the kernel's backlog.
final class ConnectionLimitHandler: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let limit: Int
    private var open = 0
    private var isHeld = false

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    func read(context: ChannelHandlerContext) {
        if self.open < self.limit {
            context.read()
        } else {
            self.isHeld = true
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Connections close after the listening socket has; there is nothing to accept from any more.
        self.isHeld = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.open += 1
        let loopBound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        self.unwrapInboundIn(data).closeFuture.whenComplete { _ in
            // A connection lives on an event loop of its own.
            eventLoop.execute {
                let (gate, context) = loopBound.value
                gate.connectionClosed(context: context)
            }
        }
        context.fireChannelRead(data)
    }

    private func connectionClosed(context: ChannelHandlerContext) {
        self.open -= 1
        if self.isHeld, self.open < self.limit {
            self.isHeld = false
            context.read()
        }
    }
}
