import NIOCore
import NIOPosix
import Testing

@testable import tintype

@Suite struct ReadinessProbeTests {
    /// Sends its response as soon as it gets a request, or sends nothing.
    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        let answer: String?

        init(_ answer: String?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let answer, String(buffer: unwrapInboundIn(data)).hasPrefix("GET /readyz HTTP/1.1\r\n") else {
                return
            }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            context.close(promise: nil)
        }
    }

    /// The error of the probe for a server with this response; nil means ready.
    private func probe(_ answer: String?) async throws -> String? {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }
            }
        var bound: (any Channel)?
        for _ in 0..<50 where bound == nil {
            bound = try? await bootstrap.bind(host: "127.0.0.1", port: .random(in: 20_000..<32_000)).get()
        }
        let server = try #require(bound)
        let port = try #require(server.localAddress?.port)
        var message: String?
        do {
            try await ReadinessProbe(host: "127.0.0.1", port: port, timeout: .milliseconds(500)).run()
        } catch {
            message = "\(error)"
        }
        try await server.close()
        return message
    }

    @Test func onlyStatus200MeansReady() async throws {
        #expect(try await probe("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == nil)
        #expect(try await probe("HTTP/1.1 503 Service Unavailable\r\n\r\n")?.hasSuffix("/readyz says 503") == true)
        #expect(try await probe("HTTP/1.1 204 No Content\r\n\r\n")?.hasSuffix("says 204") == true)
        #expect(try await probe("HTTP/1.1 2")?.hasSuffix("does not answer as an HTTP server does") == true)
        #expect(try await probe("hello")?.hasSuffix("does not answer as an HTTP server does") == true)
    }

    @Test func aServerThatDoesNotRespondEndsWithATimeout() async throws {
        #expect(try await probe(nil)?.contains("has not answered for") == true)
    }

    @Test func aClosedPortIsAnError() async {
        await #expect(throws: ReadinessProbe.ProbeError.self) {
            try await ReadinessProbe(host: "127.0.0.1", port: 0, timeout: .seconds(1)).run()
        }
    }
}
