import AccessControl
import HTTPTypes
import ImageService
import NIOCore
import TextCoding

@testable import HTTPServer
@testable import ImageAPI

/// The API without sockets: it takes a request and returns the response with its bytes.
struct TestApplication {
    let service: ImageService
    private let responder: ImageResponder
    private let audit: AuditLog?

    /// - Parameter policy: Nil for the policy of a server without credentials.
    init(
        _ service: ImageService, policy: (any RequestPolicy)? = nil, access: AccessControl? = nil,
        configuration: ImagesConfiguration? = nil, audit: AuditLog? = nil,
        now: @escaping WallClock = { Timestamp.now }
    ) throws {
        self.service = service
        self.audit = audit
        let configuration = try configuration ?? FastPathFixture.makeConfiguration()
        responder = ImageResponder(
            service: service, configuration: configuration, policy: policy ?? KeylessPolicy(configuration),
            access: access, status: { .idle }, now: now)
    }

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Sends a request, from this machine if no other address is given.
    ///
    /// - Parameter target: The part after `/api/v1/`.
    func send(
        _ method: HTTPRequest.Method, _ target: String, _ headers: HTTPFields = HTTPFields(), body: [UInt8] = [],
        from address: String = "127.0.0.1"
    ) async throws -> Answer {
        var head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: "/api/v1/\(target)")
        head.headerFields = headers
        let source = ServerRequestSource(
            requestID: "1", remoteAddress: try SocketAddress(ipAddress: address, port: 1))
        let request = Request(head: head, body: RequestBody(ByteBuffer(bytes: body)))
        let context = APIContext(source: source)
        let response = try await responder.respond(to: request, context: context)
        let collector = BodyCollector()
        if method != .head { try await response.body.write(collector) }
        audit?.finished(
            FinishedRequest(
                source: .exchange(head, requestID: "1"), remoteAddress: nil, clientAddress: "127.0.0.1",
                status: response.status.code, outcome: .complete, bytesSent: 0, bodyBytesReceived: 0, duration: .zero),
            context.notes)
        return Answer(status: response.status.code, headers: response.headers, bytes: collector.bytes)
    }
}

extension StatusDocument {
    /// A replica without work.
    static let idle = StatusDocument(
        isStorageAway: false, queue: (0, 0, 0), cacheBytes: 0, uploads: (0, 0), answers: (0, 0))
}

/// For one task only.
private final class BodyCollector: ResponseBodyWriter {
    var bytes: [UInt8] = []

    func write(_ buffer: ByteBuffer) { bytes += buffer.readableBytesView }

    func finish() {}
}
