import AsyncHTTPClient
import NIOConcurrencyHelpers
import NIOCore

/// Connections of one kind, and a count of their users. Streamed bodies have their own pool, because each holds its
/// connection for as long as a client likes: slow readers must not delay a write, or the check whether the store
/// answers.
final class ConnectionPool: Sendable {
    let http: HTTPClient
    private let limit: Int
    private let users = NIOLockedValueBox(0)

    /// - Parameter readSize: the most bytes of one read from a socket; nil: as few as come.
    init(limit: Int, readSize: Int? = nil, timeout: TimeAmount, eventLoopGroup: any EventLoopGroup) {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.httpVersion = .http1Only
        // Also the longest wait for a free connection: shorter than one try, so that the two can be distinguished.
        settings.timeout.connect = min(.nanoseconds(timeout.nanoseconds / 3), .seconds(5))
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limit
        // Servers close idle connections after 60 s or more. This is shorter, so that few requests meet a connection
        // that is being closed.
        settings.connectionPool.idleTimeout = .seconds(30)
        // The retries above know the deadline and the budget; the pool's own would hide a store that refuses.
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
        http = HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: settings)
        self.limit = limit
    }

    /// Whether there are more users than connections: a user that gets none then waits for others of this process, not
    /// for the store.
    var isExhausted: Bool { users.withLockedValue { $0 > limit } }

    /// Adds a user, until the last reference to the result is released.
    func enter() -> ConnectionUse {
        users.withLockedValue { $0 += 1 }
        return ConnectionUse(of: self)
    }

    fileprivate func leave() {
        users.withLockedValue { $0 -= 1 }
    }
}

/// A user that holds a connection of a pool, or waits for one.
final class ConnectionUse: Sendable {
    private let pool: ConnectionPool

    fileprivate init(of pool: ConnectionPool) {
        self.pool = pool
    }

    deinit {
        pool.leave()
    }
}
