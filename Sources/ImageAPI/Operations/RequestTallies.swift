import Metrics
import NIOConcurrencyHelpers
import NIOCore

/// The metrics of requests. To make one takes its name, its labels and a lock, so they are kept: there are as many as
/// there are routes, statuses and results of the cache together.
final class RequestTallies: Sendable {
    private struct Kind: Hashable {
        var status: Int
        var route: String
        var cache: String?

        // There are few of them: the status tells most apart, and names are compared in no time.
        func hash(into hasher: inout Hasher) { hasher.combine(self.status) }
    }

    private struct Tally {
        let requests: Counter
        let duration: Timer
        let sentBytes: Counter
        let receivedBytes: Counter
        let cacheAnswers: Counter?

        init(_ kind: Kind) {
            let route = [("route", kind.route)]
            self.requests = Counter(
                label: "tintype_http_requests_total", dimensions: route + [("status", String(kind.status))])
            self.duration = Timer(label: "tintype_http_request_duration_seconds", dimensions: route)
            self.sentBytes = Counter(label: "tintype_http_sent_bytes_total", dimensions: route)
            self.receivedBytes = Counter(label: "tintype_http_received_bytes_total", dimensions: route)
            self.cacheAnswers = kind.cache.map {
                Counter(label: "tintype_cache_answers_total", dimensions: route + [("result", $0)])
            }
        }
    }

    private let tallies = NIOLockedValueBox<[Kind: Tally]>([:])

    func count(_ request: FinishedRequest, route: String, cache: String?) {
        let kind = Kind(status: request.status, route: route, cache: cache)
        let tally = self.tallies.withLockedValue { tallies in
            if let tally = tallies[kind] { return tally }
            let tally = Tally(kind)
            tallies[kind] = tally
            return tally
        }
        tally.requests.increment()
        tally.duration.recordNanoseconds(request.duration.nanoseconds)
        tally.sentBytes.increment(by: request.bytesSent)
        tally.receivedBytes.increment(by: request.bodyBytesReceived)
        tally.cacheAnswers?.increment()
    }
}
