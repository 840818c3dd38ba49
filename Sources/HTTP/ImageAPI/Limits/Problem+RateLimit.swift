import AccessControl
import HTTPTypes
import ImageService

extension Problem {
    /// 429, with what the client needs in order to wait for the right time: `Retry-After` (RFC 9110, section 10.2.3),
    /// and `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4): the quota
    /// `q` in a window of `w` seconds, and what remains of it, `r`, until it is given anew in `t` seconds.
    ///
    /// The policy is named as in RATE_LIMITS. Its quota is the burst, and the window the time in which an empty bucket
    /// becomes full.
    init(_ rejection: RateLimitRejection) {
        let (rule, name) = (rejection.rule, rejection.kind.rawValue)
        self.init(.rateLimited, Self.detail(rejection.kind), retryAfter: rejection.retryAfter)
        headers[.rateLimitPolicy] = "\"\(name)\";q=\(rule.burst);w=\(rule.window)"
        headers[.rateLimit] = "\"\(name)\";r=0;t=\(rejection.retryAfter)"
    }

    /// Work on pixels was rejected.
    init(_ rejection: any PixelRejection) {
        if let limited = rejection as? LimitedPixels {
            self.init(limited.rejection)
        } else {
            self.init(.rateLimited, Self.detail(.pixels), retryAfter: rejection.retryAfter)
        }
    }

    private static func detail(_ kind: RateLimitKind) -> String {
        switch kind {
        case .reads: "This client has read too often. See Retry-After."
        case .writes: "This client has written too often. See Retry-After."
        case .pixels: "This client has asked for too much work on pixels. See Retry-After."
        case .failures: "Too many credentials from this address were not valid. See Retry-After."
        }
    }
}

extension HTTPField.Name {
    static let rateLimit = HTTPField.Name("RateLimit") ?? .retryAfter
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy") ?? .retryAfter
}
