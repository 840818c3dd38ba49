import NIOCore

/// Stops accepting while too many connections are open. It is in the pipeline of the listening socket. The limit is
/// exact only if that socket accepts one connection at a time. More connections wait in the kernel's backlog.
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
        // Connections may close after the listening socket has. Then there is nothing left to accept from.
        self.isHeld = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.open += 1
        let loopBound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        self.unwrapInboundIn(data).closeFuture.whenComplete { _ in
            // A connection runs on its own event loop.
            eventLoop.execute {
                let (handler, context) = loopBound.value
                handler.connectionClosed(context: context)
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
