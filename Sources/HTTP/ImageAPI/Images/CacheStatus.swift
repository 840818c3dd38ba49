import ImageService

/// The Cache-Status field (RFC 9211). The next hop is the store. `fwd-status` is what it would have answered to a
/// conditional GET, because local files have no status codes.
///
/// `ttl` is left out: it is CACHE_REVALIDATE_SECONDS minus Age.
enum CacheStatus {
    static func text(_ freshness: Freshness) -> String {
        switch freshness {
        case .hit: "tintype; hit"
        case .miss: "tintype; fwd=miss"
        case .revalidated: "tintype; fwd=stale; fwd-status=304"
        case .replaced: "tintype; fwd=stale; fwd-status=200"
        case .forcedRevalidation(holds: true): "tintype; fwd=request; fwd-status=304"
        case .forcedRevalidation(holds: false): "tintype; fwd=request; fwd-status=200"
        case .stale: "tintype; hit; detail=storage-away"
        }
    }
}

extension Freshness {
    /// For logs and metrics.
    var label: String {
        switch self {
        case .hit: "hit"
        case .miss, .replaced, .forcedRevalidation(holds: false): "miss"
        case .revalidated, .forcedRevalidation(holds: true): "revalidated"
        case .stale: "stale"
        }
    }

    /// The freshness of a response whose version was found with this freshness. Its bytes were in memory or were not.
    func answer(bytesInMemory: Bool) -> Freshness {
        // If the store is unavailable, the response must say so.
        bytesInMemory || self == .stale ? self : .miss
    }
}
