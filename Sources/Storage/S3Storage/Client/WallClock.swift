import ObjectStorage

/// This machine's clock.
let systemWallClock: WallClock = { .now }
