import AsyncHTTPClient
import NIOConcurrencyHelpers
public import NIOCore

/// Connections of one kind to servers, and a count of their users.
///
/// Streamed bodies should have their own pool, because each holds its connection for as long as a client likes: slow
/// readers must not delay short requests.
///
/// Redirects are not followed, and nothing is retried: both are the caller's decision.
public final class ConnectionPool: Sendable {
    private let client: HTTPClient
    private let limit: Int
    private let users = NIOLockedValueBox(0)

    /// - Parameters:
    ///   - limit: the most connections to one host, at least 1.
    ///   - readSize: the most bytes of one read from a socket; nil: as few as arrive.
    ///   - timeout: the time that one request usually has. A third of it, and 5 seconds at most, are the longest wait
    ///     for a connection.
    ///   - eventLoopGroup: for the connections; not shut down here.
    public init(limit: Int, readSize: Int? = nil, timeout: Duration, eventLoopGroup: any EventLoopGroup) {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.httpVersion = .http1Only
        // Also the longest wait for a free connection: shorter than one try, so that the two can be distinguished.
        settings.timeout.connect = min(TimeAmount(timeout / 3), .seconds(5))
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limit
        // Servers close idle connections after 60 s or more. This is shorter, so that few requests meet a connection
        // that is being closed.
        settings.connectionPool.idleTimeout = .seconds(30)
        // The caller's retries know the deadline and the budget; the pool's own would hide a server that refuses.
        settings.connectionPool.retryConnectionEstablishment = false
        // The hook is meant for debugging, but is the only way to a connection's options and handlers.
        settings.http1_1ConnectionDebugInitializer = { EarlyAnswerHandler.install(in: $0) }
        if let readSize {
            // A few large reads cost a fraction of many small ones.
            settings.http1_1ConnectionDebugInitializer = { channel in
                channel.setOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(
                        minimum: 2 << 10, initial: min(readSize, 64 << 10), maximum: readSize))
            }
        }
        client = HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: settings)
        self.limit = limit
    }

    /// Sends one request.
    ///
    /// - Parameter timeout: until the head of the answer has arrived. It goes by the system's clock.
    /// - Returns: the answer, with its body still to be read.
    /// - Throws: an error that ``TransportError`` can classify.
    public func send(_ request: ClientRequest, timeout: Duration) async throws -> ClientResponse {
        var message = HTTPClientRequest(url: request.url)
        message.method = request.method
        message.headers = request.headers
        message.body = request.body.map { .bytes($0) }
        return ClientResponse(try await client.execute(message, deadline: .now() + TimeAmount(timeout)))
    }

    /// Whether there are more users than connections: a user that gets none then waits for others of this process, not
    /// for the server.
    public var isExhausted: Bool { users.withLockedValue { $0 > limit } }

    /// Adds a user, until the last reference to the result is released.
    public func enter() -> ConnectionUse {
        users.withLockedValue { $0 += 1 }
        return ConnectionUse(of: self)
    }

    /// Closes every connection. Call it once, after the last use.
    public func shutdown() async throws {
        try await client.shutdown()
    }

    fileprivate func leave() {
        users.withLockedValue { $0 -= 1 }
    }
}

/// A user that holds a connection of a pool, or waits for one.
public final class ConnectionUse: Sendable {
    private let pool: ConnectionPool

    fileprivate init(of pool: ConnectionPool) {
        self.pool = pool
    }

    deinit {
        pool.leave()
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self =
            .nanoseconds(seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
            + .nanoseconds(attoseconds / 1_000_000_000)
    }
}
