import AsyncHTTPClient
import NIOConcurrencyHelpers
import NIOCore

/// Connections of one kind, and how much is asked of them. Bodies that are streamed have a pool of their own, since
/// each holds its connection for as long as a client likes: slow readers must not stand in the way of a write, or of
/// the question whether the store answers.
final class ConnectionPool: Sendable {
    let http: HTTPClient
    private let limit: Int
    private let users = NIOLockedValueBox(0)

    /// - Parameter readSize: bytes that one read of a socket takes at most; nil: as few as come.
    init(limit: Int, readSize: Int? = nil, timeout: TimeAmount, eventLoopGroup: any EventLoopGroup) {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.httpVersion = .http1Only
        // Also how long a request waits for a connection to be free: shorter than one try, so that the two can be told
        // apart.
        settings.timeout.connect = min(.nanoseconds(timeout.nanoseconds / 3), .seconds(5))
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limit
        // Shorter than the 60 s and more after which servers close idle connections, so that few requests meet one
        // that is being closed.
        settings.connectionPool.idleTimeout = .seconds(30)
        // The retries above know the deadline and the budget; the pool's own would hide a store that refuses.
        settings.connectionPool.retryConnectionEstablishment = false
        // The hook's name says debug; it is the only way to a connection's options and handlers.
        settings.http1_1ConnectionDebugInitializer = { EarlyAnswerHandler.install(in: $0) }
        if let readSize {
            // What passes through in few large pieces costs a fraction of what it does in many small ones.
            settings.http1_1ConnectionDebugInitializer = { channel in
                channel.setOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(
                        minimum: 2 << 10, initial: min(readSize, 64 << 10), maximum: readSize))
            }
        }
        http = HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: settings)
        self.limit = limit
    }

    /// Whether more is asked than there are connections: who gets none then, waits for others of this process and not
    /// for the store.
    var isExhausted: Bool { users.withLockedValue { $0 > limit } }

    /// One user more, until the last reference to the result goes.
    func enter() -> ConnectionUse {
        users.withLockedValue { $0 += 1 }
        return ConnectionUse(of: self)
    }

    fileprivate func leave() {
        users.withLockedValue { $0 -= 1 }
    }
}

/// Holds, or waits for, a connection of a pool.
final class ConnectionUse: Sendable {
    private let pool: ConnectionPool

    fileprivate init(of pool: ConnectionPool) {
        self.pool = pool
    }

    deinit {
        pool.leave()
    }
}
