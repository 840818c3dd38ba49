import NIOCore
import NIOHTTP1

/// Lets an answer be heard that comes before the request's body has gone out: a store that refuses a large body says
/// why (403, 413, 507, 503), and closes.
///
/// The HTTP client fails a request whose last write fails, and throws away what the answer has brought, since it closes
/// the connection before it hands the answer over. So it is told at once that the last write is done, by this handler,
/// which stands between it and the encoder. What becomes of a request is then told by its answer, or by the end of the
/// connection without one, as it is where the kernel has taken all bytes and they are lost behind it.
final class EarlyAnswerHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// Whether bytes of the request wait for the socket. Such a connection is of no use to the next request: who has
    /// answered without them may never read them.
    private var isWriting = false
    /// Which request's writes are waited for.
    private var request = 0
    /// Of the request's body.
    private var bodyBytes = 0
    /// A body that is longer may lie unread in the kernel behind a refusal: its connection is not used again either.
    private static let longestUnread = 16 << 10

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head:
            request &+= 1
            isWriting = true
            bodyBytes = 0
            context.write(data, promise: promise)
        case .body(let bytes):
            bodyBytes += bytes.readableBytes
            context.write(data, promise: promise)
        case .end:
            let written = context.eventLoop.makePromise(of: Void.self)
            let number = request
            written.futureResult.assumeIsolated().whenSuccess {
                if self.request == number { self.isWriting = false }
            }
            context.write(data, promise: written)
            promise?.succeed()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), head.status.code >= 200,
            isWriting || (head.status.code >= 400 && bodyBytes > Self.longestUnread)
        else { return context.fireChannelRead(data) }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    /// Puts the handler into a connection of the HTTP client: behind its codec, before its own.
    static func install(in channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try pipeline.addHandler(EarlyAnswerHandler(), position: .after(decoder))
        }
    }
}
