import HTTPTypes
import NIOCore
import NIOHTTP1

/// A response on its way from a request's task to the connection. Only that task uses it.
///
/// The head waits for the first bytes of the body. If the body's length is known, its last bytes wait for the end. So:
/// - a small response is one write;
/// - a response that fails before its first byte can still become a proper error;
/// - if the source finds at its very end that the bytes were wrong, the client does not get them all.
final class ResponseSink: ResponseBodyWriter {
    private let link: ExchangeLink
    private let method: HTTPRequest.Method
    private let version: HTTPVersion

    private var head: HTTPResponse?
    private var closes = false
    private var framing = ResponseFraming.none
    private var meter = ResponseMeter(framing: .none)
    private var pending: [ByteBuffer] = []
    private var pendingBytes = 0
    private var isFinished = false
    /// Whether the head has been handed over. After that, no other response is possible.
    private(set) var isCommitted = false

    init(link: ExchangeLink, method: HTTPRequest.Method, version: HTTPVersion) {
        self.link = link
        self.method = method
        self.version = version
    }

    /// Sends a complete response.
    /// - Throws: What the body throws, or `ResponseWriteError`.
    func send(_ response: Response) async throws {
        var head = response.head
        guard
            let framing = ResponseFraming.decide(
                head: &head,
                bodyLength: response.body.length,
                method: self.method,
                version: self.version
            )
        else { throw ResponseWriteError.tooManyBytes }
        self.closes = head.headerFields[values: .connection].contains { $0.lowercased() == "close" }
        self.head = head
        self.framing = framing
        self.meter = ResponseMeter(framing: framing)
        self.pending.removeAll()
        self.pendingBytes = 0
        self.isFinished = false
        guard framing != .none else { return try await self.finish() }
        try await response.body.write(self)
        // The body returned without `finish`, so it is not complete.
        guard self.isFinished else { throw ResponseWriteError.tooFewBytes }
    }

    /// Nothing more will come: cuts the connection.
    func cut() { self.link.cut() }

    func write(_ buffer: ByteBuffer) async throws {
        guard !self.isFinished else { throw ResponseWriteError.finished }
        guard buffer.readableBytes > 0 else { return }
        try self.meter.accept(buffer.readableBytes)
        self.pending.append(buffer)
        self.pendingBytes += buffer.readableBytes
        if !self.meter.isComplete {
            try await self.link.send(self.takeBatch(isLast: false))
        }
    }

    func finish() async throws {
        guard !self.isFinished else { throw ResponseWriteError.finished }
        try self.meter.finish()
        self.isFinished = true
        let size = self.pendingBytes
        let batch = self.takeBatch(isLast: true)
        if size <= Self.unawaitedBytes {
            self.link.sendWithoutWaiting(batch)
        } else {
            try await self.link.send(batch)
        }
    }

    /// The task does not wait for a last part of up to this size. The connection takes no further request while its
    /// socket is full, so no more than this can accumulate.
    private static var unawaitedBytes: Int { 64 * 1024 }

    private func takeBatch(isLast: Bool) -> ResponseBatch {
        defer {
            self.head = nil
            self.pending.removeAll()
            self.pendingBytes = 0
            self.isCommitted = true
        }
        return ResponseBatch(
            head: self.head,
            framing: self.framing,
            body: self.pending,
            isLast: isLast,
            closes: self.closes
        )
    }
}
