import HTTPServer
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// The metrics of requests. They are kept, because making one costs its name, its labels and a lock. There are as many
/// as combinations of route, status and cache result.
final class RequestTallies: Sendable {
    private struct Kind: Hashable {
        var status: Int
        var route: String
        var cache: String?

        // There are few of them. The status tells most apart, and comparing names is fast.
        func hash(into hasher: inout Hasher) { hasher.combine(self.status) }
    }

    private final class Tally: Sendable {
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

    /// Cache hits of images, by status. The lookup takes no lock, for which event loops would wait.
    private let hits = AtomicLazyReference<Tally>()
    private let hitsInPart = AtomicLazyReference<Tally>()
    private let hitsNotModified = AtomicLazyReference<Tally>()
    private let tallies = NIOLockedValueBox<[Kind: Tally]>([:])

    func count(_ request: FinishedRequest, route: String, cache: String?) {
        let tally = self.tally(Kind(status: request.status, route: route, cache: cache))
        tally.requests.increment()
        tally.duration.recordNanoseconds(request.duration.nanoseconds)
        tally.sentBytes.increment(by: request.bytesSent)
        tally.receivedBytes.increment(by: request.bodyBytesReceived)
        tally.cacheAnswers?.increment()
    }
    private func tally(_ kind: Kind) -> Tally {
        let hit = RequestNotes.Values.imageHit
        guard kind.cache == hit.cache, kind.route == hit.route else {
            return self.lockedTally(kind)
        }
        return switch kind.status {
        case 200: self.hits.load() ?? self.hits.storeIfNil(self.lockedTally(kind))
        case 206: self.hitsInPart.load() ?? self.hitsInPart.storeIfNil(self.lockedTally(kind))
        case 304: self.hitsNotModified.load() ?? self.hitsNotModified.storeIfNil(self.lockedTally(kind))
        default: self.lockedTally(kind)
        }
    }

    private func lockedTally(_ kind: Kind) -> Tally {
        self.tallies.withLockedValue { tallies in
            if let tally = tallies[kind] { return tally }
            let tally = Tally(kind)
            tallies[kind] = tally
            return tally
        }
    }
}
