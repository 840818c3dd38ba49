import ObjectStorage
import TextCoding

/// This machine's clock.
let systemWallClock: WallClock = { .now }
