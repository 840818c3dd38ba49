import ObjectStorage

/// The time of day, for signatures and for the age of notes; tests put one of their own in its place.
typealias WallClock = @Sendable () -> Timestamp

/// This machine's clock.
let systemWallClock: WallClock = { .now }
