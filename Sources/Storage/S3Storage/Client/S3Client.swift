import HTTPRequests
import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import ObjectStorage
import TaskSupport
import TextCoding

/// Signs requests, sends them, and retries them if that is safe. Knows statuses and error bodies, but not what the
/// single calls mean.
final class S3Client: Sendable {
    /// The longest answer that is collected: a page of 1,000 keys of 1,024 bytes, each byte as `%XX`, and some more.
    static let answerLimit = 8 << 20
    /// The longest error body that is read.
    static let errorLimit = 64 << 10

    /// For requests with a bounded answer.
    private let calls: ConnectionPool
    /// For streamed bodies.
    private let bodies: ConnectionPool
    /// What deadlines and pauses go by.
    let clock: MonotonicClock
    let deadlines: DeadlineRunner
    let documents = DocumentThreads()
    let timeout: Duration
    let now: WallClock
    let logger: Logger
    private let addressing: S3Addressing
    private let credentials: any CredentialsProvider
    private let signer: SignatureV4
    private let policy: RetryPolicy
    private let random: @Sendable () -> Double
    /// For bodies. So much is kept of a body that nobody takes at the moment.
    private static let readSize = 256 << 10

    private let budget = NIOLockedValueBox(RetryBudget())
    let voice = StoreVoice()

    init(
        _ configuration: S3Configuration, credentials: any CredentialsProvider, eventLoopGroup: any EventLoopGroup,
        logger: Logger, now: @escaping WallClock, clock: MonotonicClock = .continuous,
        policy: RetryPolicy = RetryPolicy(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.clock = clock
        calls = ConnectionPool(
            limit: configuration.connectionLimit, timeout: configuration.timeout, eventLoopGroup: eventLoopGroup)
        bodies = ConnectionPool(
            limit: configuration.readerLimit, readSize: Self.readSize, timeout: configuration.timeout,
            eventLoopGroup: eventLoopGroup)
        deadlines = DeadlineRunner(alarms: Alarms(clock: clock))
        self.timeout = configuration.timeout
        addressing = S3Addressing(configuration)
        signer = SignatureV4(region: configuration.region)
        self.credentials = credentials
        self.logger = logger
        self.now = now
        self.policy = policy
        self.random = random
    }

    /// The end of the time that one operation has, from now on.
    func deadline() -> ContinuousClock.Instant { clock.now() + timeout }

    /// Closes every connection.
    func shutdown() async throws {
        async let calls: Void = calls.shutdown()
        try await bodies.shutdown()
        try await calls
    }

    /// Registers one streamed body, for as long as it is or may be read.
    func enterBodies() -> ConnectionUse { bodies.enter() }

    /// Sends a request and collects the answer.
    func send(_ request: S3Request, until deadline: ContinuousClock.Instant) async throws(S3RequestError) -> S3Answer {
        try await send(request, until: deadline) { [self] response, tryDeadline in
            let body = try await collect(response, limit: Self.answerLimit, until: tryDeadline)
            return S3Answer(status: response.status, headers: response.headers, body: body)
        }
    }

    /// Sends a request and gives back the answer with its body still to be read. To be called under ``enterBodies()``.
    func open(_ request: S3Request, until deadline: ContinuousClock.Instant) async throws(S3RequestError)
        -> ClientResponse
    {
        try await send(request, over: bodies, until: deadline) { response, _ in response }
    }

    /// Sends a request until it succeeds, must not be sent again, or the time is over.
    ///
    /// - Parameter take: turns a 2xx answer into the result; an error that it throws is judged like any failed try.
    func send<Result: Sendable>(
        _ request: S3Request, until deadline: ContinuousClock.Instant,
        take: @escaping @Sendable (ClientResponse, ContinuousClock.Instant) async throws -> Result
    ) async throws(S3RequestError) -> Result {
        let use = calls.enter()
        defer { withExtendedLifetime(use) {} }
        return try await send(request, over: calls, until: deadline, take: take)
    }

    private func send<Result: Sendable>(
        _ request: S3Request, over pool: ConnectionPool, until deadline: ContinuousClock.Instant,
        take: @escaping @Sendable (ClientResponse, ContinuousClock.Instant) async throws -> Result
    ) async throws(S3RequestError) -> Result {
        var tries = 0
        var mayHaveActed = false
        var price: Int?
        while true {
            tries += 1
            let tryDeadline = min(deadline, clock.now() + timeForOneTry(of: request))
            var requestError: S3RequestError
            do {
                let result = try await sendOnce(request, over: pool, until: tryDeadline, take: take)
                budget.withLockedValue { $0.payBack(price) }
                return result
            } catch {
                let kind =
                    Task.isCancelled ? .cancelled : S3RequestError.Kind(error, poolIsExhausted: pool.isExhausted)
                requestError = S3RequestError(kind: kind, operation: request.operation, mayHaveActed: mayHaveActed)
            }
            mayHaveActed = mayHaveActed || requestError.leavesDoubt
            let pause = policy.pause(after: tries, random: random())
            guard policy.allowsRetry(after: requestError.kind, of: request.repeatability, tries: tries),
                clock.now() + pause < deadline, let paid = takeFromBudget(requestError.kind)
            else { throw requestError }
            price = paid
            noteRetry(of: requestError)
            do {
                try await clock.pause(for: pause)
            } catch {
                requestError.kind = .cancelled
                throw requestError
            }
        }
    }

    /// A question gets a part of the time, so that one that hangs is asked again on another connection. A body may
    /// need all of it.
    private func timeForOneTry(of request: S3Request) -> Duration {
        let bytes = request.body?.readableBytes ?? 0
        return bytes > 256 << 10 ? timeout : timeout / 2
    }

    private func takeFromBudget(_ kind: S3RequestError.Kind) -> Int? {
        let isTimeout = if case .timedOut = kind { true } else { false }
        return budget.withLockedValue { $0.take(afterTimeout: isTimeout) }
    }

    private func noteRetry(of error: S3RequestError) {
        Counter(label: "tintype_s3_retries_total", dimensions: [("operation", error.operation.rawValue)]).increment()
        logger.debug(
            "storage request is tried again",
            metadata: [
                "operation": "\(error.operation.rawValue)", "error": "\(error.storageError.debugDescription)",
            ])
    }

    private func sendOnce<Result: Sendable>(
        _ request: S3Request, over pool: ConnectionPool, until deadline: ContinuousClock.Instant,
        take: @Sendable (ClientResponse, ContinuousClock.Instant) async throws -> Result
    ) async throws -> Result {
        // The HTTP client would notice too, but a fast answer could come before that.
        try Task.checkCancellation()
        let signed = try await sign(request)
        // The HTTP client knows its own clock alone: it is told what is left by ours. So under a clock that a test
        // holds still, a store that does not answer at all is given up by the system's time.
        let response = try await pool.send(signed, timeout: clock.now().duration(to: deadline))
        let isKnown = voice.hear(response.headers, to: request)
        guard (200...299).contains(response.status) else {
            throw try await error(in: response, to: request, until: deadline)
        }
        guard isKnown else { throw BadAnswer("a success that is none of the store's: a page of a proxy or a portal") }
        return try await take(response, deadline)
    }

    /// A large body is hashed off the event loop, whose sockets other requests wait for.
    private static func hash(_ body: ByteBuffer) async -> String {
        guard body.readableBytes > 1 << 20 else { return Hashing.sha256(body) }
        return await Task { Hashing.sha256(body) }.value
    }

    private func sign(_ request: S3Request) async throws(S3RequestError) -> ClientRequest {
        let keys: SigningCredentials
        do {
            keys = try await credentials.credentials()
        } catch {
            throw S3RequestError(kind: .noCredentials(error), operation: request.operation)
        }
        let signable = SignableRequest(
            method: request.method.rawValue, path: addressing.path(request.key), query: request.query,
            headers: [("host", addressing.authority)] + request.headers)
        let payload =
            if let body = request.body { PayloadHash.sha256(await Self.hash(body)) } else { PayloadHash.empty }
        let signature = signer.sign(signable, payload: payload, credentials: keys, at: now())

        let path = signer.canonicalPath(signable.path)
        return ClientRequest(
            method: request.method, url: addressing.url(path: path, query: SignatureV4.canonical(request.query)),
            headers: HTTPHeaders((signable.headers + signature.headers).map { ($0.name, $0.value) }),
            body: request.body)
    }
}
