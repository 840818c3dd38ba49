import NIOCore
import NIOPosix
import TintypeSettings

/// One GET of /readyz. Uses plain NIO and not the HTTP client, which takes longer to start than the answer.
struct ReadinessProbe {
    let host: String
    let port: Int
    /// For everything, from connecting to the first line of the answer.
    let timeout: Duration

    enum ProbeError: Error, CustomStringConvertible {
        case portUnknown
        case unreachable(String, any Error)
        case noAnswer(String, Duration)
        case badAnswer(String)
        case notReady(String, status: Int)

        var description: String {
            switch self {
            case .portUnknown: "OPS_PORT is 0, so the server's port cannot be known"
            case .unreachable(let place, let error): "\(place) cannot be reached: \(error)"
            case .noAnswer(let place, let timeout): "\(place) has not answered for \(timeout)"
            case .badAnswer(let place): "\(place) does not answer as an HTTP server does"
            case .notReady(let place, let status): "\(place) says \(status)"
            }
        }
    }

    /// - Throws: ``ProbeError`` unless the answer is 200.
    func run() async throws {
        guard port != 0 else { throw ProbeError.portUnknown }
        let authority = "\(ListenHost.authority(of: host)):\(port)"
        let place = "http://\(authority)/readyz"
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let answer = loop.makePromise(of: Int?.self)
        let deadline = loop.scheduleTask(in: TimeAmount(timeout)) { answer.fail(ProbeError.noAnswer(place, timeout)) }
        defer { deadline.cancel() }

        let connected = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StatusLineReader(authority, answer))
                }
            }
            .connect(host: host, port: port)
        connected.whenFailure { answer.fail(ProbeError.unreachable(place, $0)) }

        let status = try await answer.futureResult.get()
        connected.whenSuccess { $0.close(promise: nil) }
        guard let status else { throw ProbeError.badAnswer(place) }
        guard status == 200 else { throw ProbeError.notReady(place, status: status) }
    }
}

/// Sends the request, and reads the status of the answer; nil if there is none.
private final class StatusLineReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let authority: String
    private let answer: EventLoopPromise<Int?>
    private var received = ByteBuffer()

    init(_ authority: String, _ answer: EventLoopPromise<Int?>) {
        self.authority = authority
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let request = "GET /readyz HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        switch StatusLine.parse(received.readableBytesView) {
        case .status(let status): answer.succeed(status)
        case .malformed: answer.succeed(nil)
        case .incomplete: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.succeed(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }
}
