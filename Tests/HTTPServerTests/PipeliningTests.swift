import HTTPTypes
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestListener
import Testing

@testable import HTTPServer

/// Requests that a client sends ahead wait as plain bytes. The parser's heads are larger: 310 bytes for a head of 20
/// bytes. With them, 1,200 connections with 64 KiB each took 1.7 GiB.
@Suite struct PipeliningTests {
    /// Counts the parts that the parser has made.
    private final class PartCounter: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias InboundOut = HTTPServerRequestPart
        private(set) var heads = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .head = self.unwrapInboundIn(data) { self.heads += 1 }
            context.fireChannelRead(data)
        }
    }

    private func connect(_ channel: EmbeddedChannel) throws -> (counter: PartCounter, monitor: ConnectionMonitorHandler)
    {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let core = ListenerCore(
            configuration: ListenerConfiguration(host: "127.0.0.1", port: 0), logger: logger,
            onFinishedWithoutContext: { _ in }, answerError: ListenerFixture.plainAnswer,
            handling: { _ in
                RequestHandling(
                    respond: { _ in
                        try await Task.sleep(for: .seconds(3600))
                        return Response(status: .ok)
                    }, onFinished: { _ in }, othersWait: { false })
            })
        let counter = PartCounter()
        let pipeline = channel.pipeline.syncOperations
        try HTTPConnectionHandler.configure(pipeline, core: core)
        let handler = try pipeline.context(handlerType: HTTPConnectionHandler.self).handler
        try pipeline.addHandler(counter, position: .before(handler))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (counter, try pipeline.handler(type: ConnectionMonitorHandler.self))
    }

    @Test func pipelinedRequestsAreNotParsedBeforeTheirTime() throws {
        let channel = EmbeddedChannel()
        let (counter, monitor) = try self.connect(channel)
        let heads = String(repeating: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", count: 2_000)
        try channel.writeInbound(ByteBuffer(string: heads))
        #expect(counter.heads == 1)
        #expect(monitor.isHoldingBack)
        // When the client closes its side, the channel reads everything that is there. The server keeps no more than
        // this.
        try channel.writeInbound(ByteBuffer(string: heads))
        try channel.writeInbound(ByteBuffer(string: heads))
        #expect(counter.heads == 1)
        #expect(!monitor.isHoldingBack)
        _ = try? channel.finish()
    }

    /// Each response started the next request at once, so the loop never looked at its sockets: 300 connections with
    /// 2,500 heads blocked all others for more than eight seconds.
    @Test(.timeLimit(.minutes(1))) func aLongPipelineDoesNotDelayOtherConnections() async throws {
        let (connections, requests) = (128, 2_000)
        let answered = NIOLockedValueBox(0)
        try await ListenerFixture.run(respond: { request, _ in
            if request.head.path == "/many" { answered.withLockedValue { $0 += 1 } }
            return Response(status: .noContent)
        }) { fixture in
            let heads = String(repeating: "GET /many HTTP/1.1\r\nHost: h\r\n\r\n", count: requests)
            var clients: [RawClient] = []
            for _ in 0..<connections {
                let client = try await fixture.client()
                try await client.send(heads)
                clients.append(client)
            }
            let answer = try await fixture.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 204 "))
            #expect(answered.withLockedValue { $0 } < connections * requests / 2)
            // They are served too, all in order.
            let before = answered.withLockedValue { $0 }
            while answered.withLockedValue({ $0 }) == before { try await Task.sleep(for: .milliseconds(1)) }
            withExtendedLifetime(clients) {}
        }
    }

    /// Chunks of one byte, six on the wire, each had a separate buffer.
    @Test func smallPiecesOfABodyShareABuffer() {
        var gate = RequestBodyGate()
        for index in 0..<10_000 { _ = gate.push(ByteBuffer(bytes: [UInt8(truncatingIfNeeded: index)])) }
        #expect(gate.bufferCount < 32)
        var bytes: [UInt8] = []
        while case .deliver(let buffer, _) = gate.pull() { bytes += buffer.readableBytesView }
        #expect(bytes == (0..<10_000).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func bodiesInAPipelineAreComplete() async throws {
        try await ListenerFixture.run { request, _ in
            let body = try await request.body.collect(upTo: 1_000_000)
            return text("<\(request.head.path ?? "") \(body.readableBytes)>")
        } test: { fixture in
            let requests = (0..<40).map { number -> String in
                let body = String(repeating: "\r\n\r\nGET / HTTP/1.1\r\n", count: 20 * number)
                let fields =
                    number % 2 == 0
                    ? "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    : "Transfer-Encoding: chunked\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
                return "PUT /\(number) HTTP/1.1\r\nHost: h\r\n" + fields
            }
            let last = "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            let answer = try await fixture.exchange(requests.joined() + last)
            let bodies = answer.split(separator: "<").dropFirst().compactMap { $0.split(separator: ">").first }
            #expect(bodies == (0..<40).map { "/\($0) \(400 * $0)" } + ["/last 0"])
        }
    }

    @Test(arguments: [
        "1;" + String(repeating: "x", count: ChunkScanner.limit) + "\r\na\r\n0\r\n\r\n",
        String(repeating: "1;abcdefghijklmno\r\na\r\n", count: ChunkScanner.limit / 16 + 1) + "0\r\n\r\n",
        "0\r\n" + String(repeating: "X: \(String(repeating: "y", count: 1_000))\r\n", count: 17) + "\r\n",
    ]) func framingBytesOfABodyAreLimited(chunks: String) async throws {
        try await ListenerFixture.run { request, _ in
            for try await _ in request.body {}
            return text("no")
        } test: { fixture in
            let answer = try await fixture.exchange(
                "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
            #expect(status(answer) == 400)
            #expect(body(answer).contains("longer than 16384 bytes"))
        }
    }
}
