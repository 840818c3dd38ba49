#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The Lanczos window of three lobes: sinc(x) sinc(x/3) within three pixels of its centre, zero beyond (Turkowski,
/// "Filters for common resampling tasks", Graphics Gems, 1990).
enum Lanczos {
    /// Pixels to either side that have weight, at a scale of one.
    static let support = 3.0

    /// The weight at a distance of `x` pixels, before normalisation.
    static func weight(at x: Double) -> Double {
        guard abs(x) < support else { return 0 }
        return sinc(x) * sinc(x / support)
    }

    private static func sinc(_ x: Double) -> Double {
        // Exact zeros at whole numbers make a resampling at 1:1 a copy; sin(.pi * x) would leave 1e-16 there.
        if x == x.rounded() { return x == 0 ? 1 : 0 }
        let angle = Double.pi * x
        return sin(angle) / angle
    }
}
