import CImageCodecs

/// What the allocator holds and nobody uses.
public enum FreeMemory {
    /// Gives it back to the system, which takes some milliseconds. Does nothing with other C libraries than glibc.
    public static func release() { tt_release_free_memory() }
}
