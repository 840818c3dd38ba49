public import HTTPServer
public import HTTPTypes
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

/// What the listener said of a request.
public struct TestContext: RequestContext {
    /// As the listener gave it.
    public let source: ServerRequestSource

    /// Keeps the source.
    public init(source: ServerRequestSource) { self.source = source }
}

/// Answers as a test wants it.
private struct TestResponder: Responder {
    let respond: ListenerFixture.Respond
    let answerError: ListenerFixture.AnswerError

    func respond(to request: Request, context: TestContext) async throws -> Response {
        try await respond(request, context)
    }

    func response(to error: any Error, requestID: String) -> Response { answerError(error, requestID) }
}

/// Notes of what handlers and hooks saw, to be waited for.
public final class Notes<Note: Sendable>: Sendable {
    private let notes = NIOLockedValueBox<[Note]>([])

    /// No notes.
    public init() {}

    /// In the order in which they came.
    public var all: [Note] { self.notes.withLockedValue { $0 } }

    /// May be called from anywhere.
    public func add(_ note: Note) { self.notes.withLockedValue { $0.append(note) } }

    /// Waits until a number of notes is there, at most ten seconds.
    public func wait(for count: Int = 1) async throws -> [Note] {
        for _ in 0..<2_000 where self.all.count < count { try await Task.sleep(for: .milliseconds(5)) }
        let all = self.all
        try #require(all.count >= count)
        return all
    }
}

/// A listener for one test, inside a service group.
public struct ListenerFixture: Sendable {
    /// The responder of a test.
    public typealias Respond = @Sendable (Request, TestContext) async throws -> Response
    /// What it answers to errors.
    public typealias AnswerError = @Sendable (any Error, String) -> Response

    /// On 127.0.0.1.
    public let port: Int
    /// What the listener reported.
    public let finished: Notes<FinishedRequest>
    /// Has a note after the shutdown has begun.
    public let draining: Notes<Bool>
    private let group: ServiceGroup

    /// Begins the graceful shutdown.
    public func shutDown() async { await self.group.triggerGracefulShutdown() }

    /// A connected client.
    public func client(receiveBuffer: Int32? = nil) async throws -> RawClient {
        try await RawClient(port: self.port, receiveBuffer: receiveBuffer)
    }

    /// Sends one request and reads to the end of the connection.
    public func exchange(_ request: String) async throws -> String {
        let client = try await self.client()
        try await client.send(request)
        return try await client.receiveAll()
    }

    /// Says in JSON what went wrong, with the status that the contract asks for.
    public static func plainAnswer(_ error: any Error, _ requestID: String) -> Response {
        let status: HTTPResponse.Status =
            switch error {
            case ListenerError.malformedRequest, RequestBodyError.malformed, RequestBodyError.rejected: .badRequest
            case ListenerError.targetTooLong: .uriTooLong
            case ListenerError.headTooLarge: .requestHeaderFieldsTooLarge
            case ListenerError.requestTimeout, RequestBodyError.timedOut, RequestBodyError.tooSlow: .requestTimeout
            case ListenerError.unknownExpectation: .expectationFailed
            case ListenerError.unsupportedVersion: HTTPResponse.Status(code: 505)
            default: .internalServerError
            }
        let text = error is ListenerError || error is RequestBodyError ? "\(error)" : "another"
        return TestListener.text(
            "{\"status\":\(status.code),\"error\":\(text.debugDescription),\"requestId\":\"\(requestID)\"}",
            status: status)
    }

    /// Below the ports that the kernel gives to clients; no two tests of this process get the same soon.
    private static func nextPort() -> Int {
        20_000 + Int(self.portCounter.wrappingAdd(1, ordering: .relaxed).newValue % 12_000)
    }

    private static let portCounter = Atomic<UInt64>(UInt64.random(in: 0..<12_000))

    /// Runs a listener around a test. The drain window is none unless the test sets one.
    public static func run(
        _ adapt: (inout ListenerConfiguration) -> Void = { _ in },
        respond: @escaping Respond,
        answerError: @escaping AnswerError = Self.plainAnswer,
        hooks: (inout ListenerHooks<TestContext>) -> Void = { _ in },
        test: @escaping @Sendable (ListenerFixture) async throws -> Void
    ) async throws {
        var added = ListenerHooks<TestContext>()
        hooks(&added)
        for attempt in 1... {
            var configuration = ListenerConfiguration(host: "127.0.0.1", port: Self.nextPort())
            configuration.drainWindow = .zero
            configuration.shutdownLimit = .milliseconds(500)
            configuration.cancelGrace = .seconds(5)
            configuration.lingerTimeout = .milliseconds(500)
            adapt(&configuration)
            do {
                return try await Self.run(
                    configuration, TestResponder(respond: respond, answerError: answerError), hooks: added, test: test)
            } catch is IOError where attempt < 20 {
                continue
            }
        }
    }

    private static func run(
        _ configuration: ListenerConfiguration,
        _ responder: TestResponder,
        hooks: ListenerHooks<TestContext>,
        test: @escaping @Sendable (ListenerFixture) async throws -> Void
    ) async throws {
        let bound = Notes<Int>()
        let draining = Notes<Bool>()
        let finished = Notes<FinishedRequest>()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let listener = ServerListener(
            configuration: configuration,
            responder: responder,
            logger: logger,
            hooks: ListenerHooks(
                onBound: { bound.add($0.port ?? 0) },
                onDraining: { draining.add(true) },
                onFinished: { request, _ in finished.add(request) },
                uploadsWait: hooks.uploadsWait,
                othersWait: hooks.othersWait
            )
        )
        let group = ServiceGroup(configuration: .init(services: [listener], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                let port = try await bound.wait()[0]
                #expect(port == configuration.port)
                let fixture = ListenerFixture(port: port, finished: finished, draining: draining, group: group)
                do {
                    try await test(fixture)
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
                await group.triggerGracefulShutdown()
            }
            // Not `waitForAll`, which would have the test wait for a listener that could not bind.
            for try await _ in tasks {}
        }
    }
}

/// An answer of plain text.
public func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(status: status, body: ResponseBody(ByteBuffer(string: text)))
}

/// The status line's number.
public func status(_ answer: String) -> Int? {
    answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
}

/// What stands behind the head.
public func body(_ answer: String) -> String {
    guard let end = answer.firstRange(of: "\r\n\r\n") else { return "" }
    return String(answer[end.upperBound...])
}
