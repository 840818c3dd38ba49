import NIOCore
import NIOHTTP1

/// Delivers an answer that comes before the request's body was sent: a server that refuses a large body says why (403,
/// 413, 507, 503), and closes the connection.
///
/// If the last write of a request fails, the HTTP client closes the connection before it delivers the answer, and so
/// loses it. So this handler, between the client and the encoder, tells the client at once that the last write is done.
/// The answer then decides the result; so does the end of the connection without an answer, as if the kernel had taken
/// all bytes and lost them.
final class EarlyAnswerHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// Whether bytes of the request wait for the socket. Such a connection cannot be reused: a server that has answered
    /// without these bytes may never read them.
    private var isWriting = false
    /// The number of the request whose writes are awaited.
    private var request = 0
    /// Bytes of the request's body.
    private var bodyBytes = 0
    /// A longer body may stay unread in the kernel after a rejection: its connection is not reused either.
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

    /// Adds the handler to a connection of the HTTP client: after the codec, before the client's own handler.
    static func install(in channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try pipeline.addHandler(EarlyAnswerHandler(), position: .after(decoder))
        }
    }
}
