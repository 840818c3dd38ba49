import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A server on loopback that answers every connection with the same bytes, and says what it was asked.
final class CannedServer: Sendable {
    private let channel: any Channel
    private let requests: NIOLockedValueBox<[String]>

    /// - Parameter closes: whether it closes the connection after these bytes.
    static func start(_ response: String, closes: Bool = true) async throws -> CannedServer {
        let requests = NIOLockedValueBox<[String]>([])
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(response, closes, requests))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return CannedServer(channel, requests)
    }

    private init(_ channel: any Channel, _ requests: NIOLockedValueBox<[String]>) {
        self.channel = channel
        self.requests = requests
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    /// What it was asked.
    var received: [String] { requests.withLockedValue { $0 } }

    func stop() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let response: String
        private let closes: Bool
        private let requests: NIOLockedValueBox<[String]>

        init(_ response: String, _ closes: Bool, _ requests: NIOLockedValueBox<[String]>) {
            self.response = response
            self.closes = closes
            self.requests = requests
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let request = String(buffer: unwrapInboundIn(data))
            requests.withLockedValue { $0.append(request) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: response)), promise: nil)
            if closes { context.close(promise: nil) }
        }
    }
}
