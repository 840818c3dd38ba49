import ImageService

/// The Cache-Status field (RFC 9211).
enum CacheStatus {
    static func text(_ freshness: Freshness) -> String {
        switch freshness {
        case .hit: "tintype; hit"
        case .miss: "tintype; fwd=miss"
        case .revalidated: "tintype; fwd=stale; fwd-status=304"
        case .stale: "tintype; hit; detail=storage-away"
        }
    }
}

extension Freshness {
    /// For logs and metrics.
    var label: String {
        switch self {
        case .hit: "hit"
        case .miss: "miss"
        case .revalidated: "revalidated"
        case .stale: "stale"
        }
    }
}
