#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The weights of the samples around a point, by their distance.
enum ResampleFilter: Hashable {
    /// The Lanczos window of three lobes: sinc(x) sinc(x/3) within three pixels of its centre, zero beyond (Turkowski,
    /// "Filters for common resampling tasks", Graphics Gems, 1990).
    case lanczos
    /// A Gaussian with this standard deviation in pixels of the input, cut off at 3.5 times that: half a thousandth of
    /// its area is beyond.
    case gaussian(deviation: Double)

    /// How far away samples count, in pixels of the input.
    /// - Parameter scale: pixels of the input per pixel of the output.
    func reach(scale: Double) -> Double {
        switch self {
        // For a reduction the filter is widened, so that no sample is skipped (no aliasing).
        case .lanczos: 3 * max(scale, 1)
        case .gaussian(let deviation): 3.5 * deviation
        }
    }

    /// The weight at a distance in pixels of the input, before normalisation.
    func weight(at distance: Double, scale: Double) -> Double {
        guard abs(distance) < reach(scale: scale) else { return 0 }
        switch self {
        case .lanczos:
            let x = distance / max(scale, 1)
            return Self.sinc(x) * Self.sinc(x / 3)
        case .gaussian(let deviation):
            let x = distance / deviation
            return exp(-x * x / 2)
        }
    }

    private static func sinc(_ x: Double) -> Double {
        // Exact zeros at whole numbers make a resampling at 1:1 a copy; sin(.pi * x) would return 1e-16 there.
        if x == x.rounded() { return x == 0 ? 1 : 0 }
        let angle = Double.pi * x
        return sin(angle) / angle
    }
}
