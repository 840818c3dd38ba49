import NIOCore
import NIOPosix

/// Bytes over a socket, for requests that no HTTP client would send.
struct RawHTTP {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Connects to 127.0.0.1, runs the closure, and closes the connection.
    static func connect<Result>(
        port: Int, receiveBuffer: Int? = nil,
        _ body: (
            NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) async throws -> Result
    ) async throws -> Result {
        var bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: true)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: receiveBuffer)
        }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            }
        }
        var result: Result?
        do {
            try await channel.executeThenClose { inbound, outbound in
                result = try await body(inbound.makeAsyncIterator(), outbound)
            }
        } catch let error as ChannelError where error == .ioOnClosedChannel && result != nil {
            // The server has closed first, as expected.
        }
        guard let result else { throw ChannelError.eof }
        return result
    }

    /// Sends the text and reads until the server closes.
    static func exchange(port: Int, _ request: String) async throws -> String {
        try await connect(port: port) { inbound, outbound in
            var inbound = inbound
            var answer = ByteBuffer()
            do {
                try await outbound.write(ByteBuffer(string: request))
                while var bytes = try await inbound.next() { answer.writeBuffer(&bytes) }
            } catch let error as ChannelError where error == .ioOnClosedChannel {
                // The server may close right after its response. Only the response counts.
            }
            return String(buffer: answer)
        }
    }
}
