import ImageService

/// The Cache-Status field (RFC 9211). The next hop is the store; `fwd-status` is what it would have said to a
/// conditional GET, since local files have no status codes.
///
/// `ttl` is left out: it is CACHE_REVALIDATE_SECONDS less Age.
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

    /// How an answer came about whose version was found so, and whose bytes were in memory or were not.
    func answer(bytesInMemory: Bool) -> Freshness {
        // Where the store is away that has to be said.
        bytesInMemory || self == .stale ? self : .miss
    }
}
