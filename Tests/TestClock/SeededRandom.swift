#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Numbers that look random and are the same for the same seed (SplitMix64; Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
///
/// A test with random steps takes ``seeds`` as its arguments. A failure then names the seed. To repeat it, run the test
/// with TEST_SEED set to that number.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The same seed gives the same numbers.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// The seeds of this run: the one in TEST_SEED, or else one that is the same in every run and one that is new.
    public static let seeds: [UInt64] =
        if let text = ProcessInfo.processInfo.environment["TEST_SEED"], let seed = UInt64(text) {
            [seed]
        } else {
            [1, UInt64.random(in: .min ... .max)]
        }
}
