import HTTPRequests
public import NIOCore
import NIOHTTP1
public import TaskSupport

/// Gets a JWK set from its URL: one request to that host, without redirects, answered by 200, with 256 KiB at most and
/// within 5 seconds.
public final class KeySetDownload: Sendable {
    /// How long one request may take, to the last byte.
    static let timeout: Duration = .seconds(5)

    private let url: KeySetURL
    private let pool: ConnectionPool
    private let deadlines: DeadlineRunner
    private let clock: MonotonicClock

    /// - Parameters:
    ///   - url: the only place that is asked.
    ///   - eventLoopGroup: for the connection; not shut down here.
    ///   - clock: for the deadline.
    public init(_ url: KeySetURL, eventLoopGroup: any EventLoopGroup, clock: MonotonicClock = .continuous) {
        self.url = url
        self.clock = clock
        // It follows no redirects, and sends no cookies.
        pool = ConnectionPool(limit: 1, timeout: Self.timeout, eventLoopGroup: eventLoopGroup)
        deadlines = DeadlineRunner(alarms: Alarms(clock: clock))
    }

    /// The set, for a ``TokenKeySource``.
    public var keySet: RemoteKeySet {
        RemoteKeySet(host: url.host) { () async throws(KeySetFetchError) in try await self.fetch() }
    }

    /// Closes the connection. Call it once, after the last use.
    public func shutdown() async throws {
        try await pool.shutdown()
    }

    func fetch() async throws(KeySetFetchError) -> [UInt8] {
        do {
            return try await fetch(until: clock.now() + Self.timeout)
        } catch let error as KeySetFetchError {
            throw error
        } catch let error as ClientResponse.TooLong {
            throw .tooLong(limit: error.limit)
        } catch {
            switch TransportError(error) {
            case .cancelled: throw .cancelled
            case .timedOut: throw .timedOut
            case .noConnection, .failed: throw .unreachable
            }
        }
    }

    private func fetch(until deadline: ContinuousClock.Instant) async throws -> [UInt8] {
        let headers: HTTPHeaders = [
            "accept": "application/jwk-set+json, application/json", "user-agent": "tintype",
        ]
        let request = ClientRequest(url: url.text, headers: headers)
        let response = try await deadlines.run(until: deadline) { [pool] in
            try await pool.send(request, timeout: Self.timeout)
        }
        guard response.status == 200 else { throw KeySetFetchError.status(response.status) }
        let body = try await response.collect(
            upTo: KeySetReader.maximumLength, until: deadline, by: deadlines)
        return Array(body.readableBytesView)
    }
}
