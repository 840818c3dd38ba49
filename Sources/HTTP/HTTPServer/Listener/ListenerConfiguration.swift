public import NIOCore

/// Where a listener listens, and how patient it is with its clients.
///
/// Every time is measured on the event loop's monotonic clock. The defaults are those of the public listener; tests
/// put milliseconds in their place.
public struct ListenerConfiguration: Sendable {
    /// The address or name to listen on.
    public var host: String
    /// The TCP port, 0 to 65535. 0 takes a free one, which `onBound` reports.
    public var port: Int
    /// Connections open at once. Beyond that no further one is accepted: it waits in the kernel's backlog until one
    /// closes. At least 1.
    public var maxConnections: Int = 8192
    /// How many connections the kernel may hold that have not been accepted yet.
    public var backlog: Int32 = 1024

    /// How long a client may send no byte while the server waits for some of a request's body; then 408.
    public var bodyTimeout: TimeAmount = .seconds(30)
    /// How long a request's head may take from its first byte to its last; then 408. Unlike the body's, this is a
    /// total: a head is small, and one byte every 29 s would hold a connection for hours.
    public var headTimeout: TimeAmount = .seconds(30)
    /// How long a client may take no byte of an answer; then it is cut. Checked every quarter of this time, so that
    /// a client is cut between 1 and 1.25 times of it.
    public var writeTimeout: TimeAmount = .seconds(30)
    /// The least rate of a request's body, in bytes a second over `rateWindow`, counted only while the server waits for
    /// bytes; below that 408. 0: none.
    public var minUploadRate = 1024
    /// The same for an answer, counted while the client leaves bytes untaken; below that it is cut.
    public var minDownloadRate = 1024
    /// What is asked of both while others wait for the memory that the request holds.
    public var contendedRate = 32_768
    /// How far back rates look, and how long a client has at first.
    public var rateWindow: TimeAmount = .seconds(30)
    /// How long a connection may stand idle between two requests, or before its first; then it is closed without a
    /// word. Longer than the 60 s of the usual load balancers: were it shorter, they would send requests into
    /// connections that are just being closed.
    public var idleTimeout: TimeAmount = .seconds(75)
    /// How long, after an answer, what still comes is read and dropped before the connection is closed.
    public var lingerTimeout: TimeAmount = .seconds(5)
    /// How many bytes are read and dropped so.
    public var lingerBytes: Int = 1_048_576

    /// The longest request target, in bytes; beyond that 414.
    public var maxTargetBytes: Int = 16_384
    /// The longest name or value of a header field, in bytes; beyond that 431. The request target has its own limit,
    /// `maxTargetBytes`, and the parser holds it to the larger of the two.
    public var maxFieldBytes: Int = 16_384
    /// All names and values of a head with its request target, in bytes; beyond that 431.
    public var maxHeadBytes: Int = 65_536
    /// How many header fields a request may have; beyond that 431.
    public var maxFields: Int = 128

    /// After the signal to shut down: for how long connections are still accepted and every answer says
    /// `Connection: close`, so that load balancers learn that this replica leaves.
    public var drainWindow: TimeAmount = .seconds(5)
    /// From the signal to shut down until everything that is still running is cancelled and cut, drain window
    /// included. What has been cancelled may take `cancelGrace` more to end.
    public var shutdownLimit: TimeAmount = .seconds(26)
    /// How long requests that were cut at the shutdown limit are waited for; then `run()` returns without them.
    public var cancelGrace: TimeAmount = .seconds(2)

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
