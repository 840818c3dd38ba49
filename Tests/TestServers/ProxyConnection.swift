import NIOCore
import NIOHTTP1
import NIOPosix

/// A client's connection to a ``FaultProxy``, and its connection to the server.
enum ProxyConnection {
    typealias Client = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
    typealias Server = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// The connection must be cut.
    private struct Cut: Error {}

    static func clientChannel(_ channel: any Channel) throws -> Client {
        // Responses are sent as they were received: the response to a HEAD has a length and no body.
        var framing = HTTPResponseEncoder.Configuration()
        framing.automaticallySetFramingHeaders = false
        // Only the codec. The usual pipeline would send its own response when a request is cut.
        try channel.pipeline.syncOperations.addHandlers([
            HTTPResponseEncoder(configuration: framing),
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
        ])
        return try Client(wrappingChannelSynchronously: channel)
    }

    /// Serves a connection until either side closes it. Ends soon after the channel is closed.
    static func serve(_ client: Client, target: Int, judge: @escaping @Sendable (HTTPRequestHead) -> Fault) async {
        // However it ends, the connection of the client is closed.
        try? await client.executeThenClose { requests, toClient in
            let server = try await ClientBootstrap(group: client.channel.eventLoop)
                .connect(host: "127.0.0.1", port: target) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try Server(wrappingChannelSynchronously: channel)
                    }
                }
            // If the client has gone, nobody needs the response: the exchange ends, even during a stall.
            client.channel.closeFuture.whenComplete { _ in server.channel.close(promise: nil) }
            try await server.executeThenClose { answers, toServer in
                var answers = answers.makeAsyncIterator()
                var requests = requests.makeAsyncIterator()
                while let part = try await requests.next() {
                    guard case .head(let head) = part else { continue }
                    let exchange = OneExchange(
                        fault: judge(head), toServer: toServer, toClient: toClient, client: client.channel)
                    try await exchange.forwardRequest(head, &requests)
                    try await exchange.forwardAnswer(&answers)
                }
            }
        }
    }

    private struct OneExchange {
        let fault: Fault
        let toServer: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
        let toClient: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
        let client: any Channel

        private var reachesServer: Bool {
            switch fault {
            case .answer, .answerEarly, .refuse: false
            default: true
            }
        }

        func forwardRequest(
            _ head: HTTPRequestHead, _ requests: inout NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
        ) async throws {
            if fault == .refuse { throw Cut() }
            if case .delay(let pause) = fault { try await Task.sleep(for: pause) }
            if case .answerEarly(let status, let headers, let body, let closes) = fault {
                try await answer(status: status, headers: headers, body: body)
                if !closes { try await client.closeFuture.get() }
                throw Cut()
            }
            if head.headers["expect"].contains("100-continue") {
                try await toClient.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
            }
            if reachesServer {
                var head = head
                head.headers.remove(name: "expect")
                try await toServer.write(.head(head))
            }
            while let part = try await requests.next() {
                switch part {
                case .head: throw Cut()
                case .body(let bytes): if reachesServer { try await toServer.write(.body(.byteBuffer(bytes))) }
                case .end(let trailers):
                    if reachesServer { try await toServer.write(.end(trailers)) }
                    return
                }
            }
            throw Cut()
        }

        func forwardAnswer(
            _ answers: inout NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
        ) async throws {
            if case .answer(let status, let headers, let body) = fault {
                return try await answer(status: status, headers: headers, body: body)
            }
            var sent = 0
            while let part = try await answers.next() {
                switch part {
                case .head(let head):
                    if head.status.code >= 200, passes { try await toClient.write(.head(head)) }
                case .body(var bytes):
                    guard passes else { continue }
                    if let limit, sent + bytes.readableBytes > limit {
                        let rest = bytes.readSlice(length: max(0, limit - sent)) ?? ByteBuffer()
                        try await toClient.write(.body(.byteBuffer(rest)))
                        try await breakOff()
                    }
                    sent += bytes.readableBytes
                    try await toClient.write(.body(.byteBuffer(bytes)))
                case .end(let trailers):
                    return try await finish(trailers)
                }
            }
            throw Cut()
        }

        /// Whether the server's response goes to the client.
        private var passes: Bool {
            switch fault {
            case .dropAnswer, .replaceAnswer: false
            default: true
            }
        }

        /// The number of bytes of the body that pass through.
        private var limit: Int? {
            switch fault {
            case .cutBody(let count), .stallBody(let count): count
            default: nil
            }
        }

        private func breakOff() async throws -> Never {
            if case .stallBody = fault { try await client.closeFuture.get() }
            // The written bytes must be sent before the connection is closed.
            try await Task.sleep(for: .milliseconds(20))
            throw Cut()
        }

        private func finish(_ trailers: HTTPHeaders?) async throws {
            switch fault {
            case .dropAnswer: throw Cut()
            case .replaceAnswer(let status, let headers, let body):
                try await answer(status: status, headers: headers, body: body)
            default: try await toClient.write(.end(trailers))
            }
        }

        private func answer(status: Int, headers: [String: String], body: String) async throws {
            var all = HTTPHeaders(headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            all.replaceOrAdd(name: "content-length", value: String(body.utf8.count))
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: all)
            try await toClient.write(.head(head))
            if !body.isEmpty { try await toClient.write(.body(.byteBuffer(ByteBuffer(string: body)))) }
            try await toClient.write(.end(nil))
        }
    }
}
