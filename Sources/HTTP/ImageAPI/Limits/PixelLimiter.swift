public import AccessControl
public import ImageService

/// Limits the work on pixels of each client of ``ImageService``.
public struct PixelLimiter: PixelLimit {
    private let limits: RateLimits
    private let meter = RateLimitMeter()

    /// Nil if pixels are not limited.
    public init?(_ limits: RateLimits) {
        guard limits.limits(.pixels) else { return nil }
        self.limits = limits
    }

    /// Counts work on so many pixels. A single image may take more than there is, if there is any.
    public func take(_ pixels: Int, for client: ClientIdentity) -> (any PixelRejection)? {
        guard let rejection = limits.take(pixels: pixels, for: RateLimitClient(client)) else { return nil }
        meter.note(.pixels)
        return LimitedPixels(rejection: rejection)
    }

    /// Takes a count back.
    public func giveBack(_ pixels: Int, for client: ClientIdentity) {
        limits.giveBack(.pixels, pixels, for: RateLimitClient(client))
    }
}

/// The rejection of a ``PixelLimiter``.
struct LimitedPixels: PixelRejection {
    let rejection: RateLimitRejection

    var retryAfter: Int { rejection.retryAfter }
}
