import Logging
import NIOCore

/// The first handler of a connection, if proxies begin theirs with a ``ProxyHeader``. It takes the header from a
/// trusted proxy, tells the connection who the client is, and leaves the pipeline.
///
/// A connection from anybody else is served as it is: its first bytes are a request, and its peer is the client.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let core: ListenerCore
    private let connection: HTTPConnectionHandler
    private var held = ByteBuffer()
    private var timeout: Scheduled<Void>?
    /// Whether bytes are dropped, because the connection is being closed.
    private var isClosed = false

    init(core: ListenerCore, connection: HTTPConnectionHandler) {
        self.core = core
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.timeout?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        self.begin(context)
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard self.timeout == nil, !self.isClosed else { return }
        let proxies = self.core.configuration.proxies
        guard let peer = context.channel.remoteAddress, proxies?.isProxy(peer) == true else {
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            return
        }
        let limit = self.core.configuration.headTimeout
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            self.close(context, "it did not come in time")
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isClosed { return }
        var bytes = self.unwrapInboundIn(data)
        self.held.writeBuffer(&bytes)
        switch ProxyHeader.read(self.held.readableBytesView) {
        case .incomplete: break
        case .malformed(let reason): self.close(context, reason)
        case .whole(let header):
            self.timeout?.cancel()
            if let source = header.source {
                let address = ByteBuffer(bytes: source.address)
                guard let client = try? SocketAddress(packedIPAddress: address, port: source.port) else {
                    return self.close(context, "an address of \(source.address.count) bytes")
                }
                self.connection.notePeer(client)
            } else if !header.isLocal {
                // A client without an IP address. What its requests say about their sender, it says itself.
                self.connection.distrustFields()
            }
            self.held.moveReaderIndex(forwardBy: header.length)
            let rest = self.held
            self.held = ByteBuffer()
            if rest.readableBytes > 0 { context.fireChannelRead(self.wrapInboundOut(rest)) }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }

    private func close(_ context: ChannelHandlerContext, _ reason: String) {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.held = ByteBuffer()
        // The operator has to know: no client of this proxy is served.
        self.core.logger.warning(
            "a connection from a trusted proxy has no valid PROXY header",
            metadata: [
                "reason": "\(reason)", "peer.address": "\(context.channel.remoteAddress?.ipAddress ?? "")",
            ])
        context.close(promise: nil)
    }
}
