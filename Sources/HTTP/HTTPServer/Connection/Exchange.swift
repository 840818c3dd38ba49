import HTTPTypes
import NIOCore
import NIOHTTP1

/// One request and its response, as the connection keeps it on its event loop.
final class Exchange {
    /// Counts up within a connection. It identifies late messages of an earlier exchange.
    let number: UInt64
    let head: HTTPRequest?
    let version: HTTPVersion
    let requestID: String
    /// Nil if no request could be read.
    let handling: RequestHandling?
    let startedAt: NIODeadline
    /// Where this exchange's response begins among the bytes handed to the channel.
    let firstByteOut: Int
    /// The body, if there is one.
    let body: RequestBodyStream?

    var task: Task<Void, Never>?
    /// Whether the whole request has come.
    var isRequestWhole = false
    /// Whether the client waits for 100 Continue and has not got it.
    var owesContinue: Bool
    /// Whether the connection ends with this exchange.
    var mustClose: Bool
    /// Set when the response's head is written.
    var status: Int?
    var framing: ResponseFraming?
    var bodyBytesReceived = 0
    /// Whether the response needs costly work.
    var isCostly = false
    /// How fast the body comes.
    var bodyRate: RateFloor?
    /// Who sent it, if a proxy names somebody; nil: the peer of the connection.
    var client: RequestClient?

    init(
        number: UInt64,
        result: RequestHeadReader.Result?,
        version: HTTPVersion,
        requestID: String,
        handling: RequestHandling?,
        body: RequestBodyStream?,
        startedAt: NIODeadline,
        firstByteOut: Int
    ) {
        self.number = number
        self.head = result?.request
        self.version = version
        self.requestID = requestID
        self.handling = handling
        self.body = body
        self.startedAt = startedAt
        self.firstByteOut = firstByteOut
        self.owesContinue = result?.expectsContinue ?? false
        self.mustClose = !(result?.isKeepAlive ?? false)
    }
}

/// How a request's task reaches its connection.
struct ExchangeLink: Sendable {
    let eventLoop: any EventLoop
    let handler: NIOLoopBound<HTTPConnectionHandler>
    let number: UInt64

    /// Runs on the event loop: at once if the caller is there already.
    func perform(_ action: @escaping @Sendable (HTTPConnectionHandler) -> Void) {
        if self.eventLoop.inEventLoop {
            action(self.handler.value)
        } else {
            let handler = self.handler
            self.eventLoop.execute { action(handler.value) }
        }
    }

    /// Hands bytes over, and returns when the socket can take more.
    /// - Throws: `ResponseWriteError`, or `CancellationError` if the waiting task is cancelled.
    func send(_ batch: ResponseBatch) async throws {
        let number = self.number
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                self.perform { $0.write(batch, of: number, waiter: continuation) }
                // A cancellation that came earlier has found no waiter.
                if Task.isCancelled { self.perform { $0.cancelWaiter(of: number) } }
            }
        } onCancel: {
            self.perform { $0.cancelWaiter(of: number) }
        }
    }

    /// Hands bytes over and does not wait.
    func sendWithoutWaiting(_ batch: ResponseBatch) {
        let number = self.number
        self.perform { $0.write(batch, of: number, waiter: nil) }
    }

    /// The response needs costly work.
    func costsMuch() {
        let number = self.number
        self.perform { $0.costsMuch(number) }
    }

    /// Cuts the connection, because the response cannot be completed.
    func cut() {
        let number = self.number
        self.perform { $0.breakOff(number) }
    }
}

/// What goes to the socket in one flush.
struct ResponseBatch: Sendable {
    /// The head, with the first batch.
    var head: HTTPResponse?
    var framing: ResponseFraming
    var body: [ByteBuffer]
    /// Whether the response ends here.
    var isLast: Bool
    /// Whether the handler wants the connection closed.
    var closes = false
}
