public import NIOCore

/// The address, limits and timeouts of a listener.
///
/// Every time is measured on the event loop's monotonic clock. The defaults are those of the public listener. Tests use
/// milliseconds.
public struct ListenerConfiguration: Sendable {
    /// The address or name to listen on.
    public var host: String
    /// The TCP port, 0 to 65535. 0 takes a free port, which `onBound` reports.
    public var port: Int
    /// The maximum number of open connections, at least 1. More connections wait in the kernel's backlog until one
    /// closes.
    public var maxConnections: Int = 8192
    /// How many connections the kernel may hold before they are accepted.
    public var backlog: Int32 = 1024

    /// How long a client may send no byte while the server waits for a request's body; then 408.
    public var bodyTimeout: TimeAmount = .seconds(30)
    /// How long a request's head may take from its first byte to its last; then 408. Unlike the body's, this is a
    /// total: a head is small, and one byte every 29 s would hold a connection for hours.
    public var headTimeout: TimeAmount = .seconds(30)
    /// How long a client may take no byte of a response; then the connection is cut. The server checks every quarter of
    /// this time, so it cuts after 1 to 1.25 times this time.
    public var writeTimeout: TimeAmount = .seconds(30)
    /// The minimum rate of a request's body, in bytes per second over `rateWindow`; below it 408. Only time in which
    /// the server waits for bytes counts. 0: no minimum.
    public var minUploadRate = 1024
    /// The same for a response. Only time in which bytes wait for the client counts; below the rate the connection is
    /// cut.
    public var minDownloadRate = 1024
    /// The minimum for both while others wait for the memory that the request holds.
    public var contendedRate = 32_768
    /// How far back rates look. No rate applies in the first such period.
    public var rateWindow: TimeAmount = .seconds(30)
    /// How long a connection may be idle between two requests, or before its first; then it is closed without a
    /// response. It is longer than the 60 s of usual load balancers. If it were shorter, they would send requests into
    /// connections that the server is just closing.
    public var idleTimeout: TimeAmount = .seconds(75)
    /// How long the server reads and drops what still comes after a response, before it closes the connection.
    public var lingerTimeout: TimeAmount = .seconds(5)
    /// How many bytes it reads and drops then.
    public var lingerBytes: Int = 1_048_576

    /// The longest request target, in bytes; beyond that 414.
    public var maxTargetBytes: Int = 16_384
    /// The longest name or value of a header field, in bytes; beyond that 431. The request target has its own limit,
    /// `maxTargetBytes`. The parser applies the larger of the two to it.
    public var maxFieldBytes: Int = 16_384
    /// All names and values of a head and its request target, in bytes; beyond that 431.
    public var maxHeadBytes: Int = 65_536
    /// How many header fields a request may have; beyond that 431.
    public var maxFields: Int = 128

    /// How long the server still accepts connections after the shutdown signal. Every response says `Connection: close`
    /// then, so that load balancers notice that this replica stops.
    public var drainWindow: TimeAmount = .seconds(5)
    /// The time from the shutdown signal until everything still running is cancelled and cut, including the drain
    /// window. Cancelled work may take `cancelGrace` more to end.
    public var shutdownLimit: TimeAmount = .seconds(26)
    /// How long `run()` waits for requests that were cut at the shutdown limit. Then it returns without them.
    public var cancelGrace: TimeAmount = .seconds(2)

    /// Says which peers are proxies, and who their clients are; nil: every peer is the client.
    public var proxies: (any ClientNaming)?
    /// Whether every connection of such a proxy begins with a header of the PROXY protocol, version 2. If it does not,
    /// or if the header is not whole within `headTimeout`, the connection is closed.
    public var expectsProxyHeader = false

    var uploadRate: RateLimit { Self.limit(self.minUploadRate, self.contendedRate) }
    var downloadRate: RateLimit { Self.limit(self.minDownloadRate, self.contendedRate) }

    private static func limit(_ least: Int, _ contended: Int) -> RateLimit {
        RateLimit(least: least, contended: max(least, contended))
    }

    /// - Parameters:
    ///   - host: The address or name to listen on.
    ///   - port: The TCP port, 0 for a free one.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}
